/** The keys of a list: one line each on a wide screen, a card each on a phone. */
import type { ApiKey } from "../keys/api-key.ts";
import { endFact, LastUsed, ModeBadge, ShortHint, StateBadges } from "./key-summary.tsx";
import { permissionText } from "./permissions.tsx";
import { paths } from "./portal-context.ts";
import { RelativeTime } from "./relative-time.tsx";
import { texts } from "./texts.ts";

interface TableProps {
  readonly keys: readonly ApiKey[];
  readonly predecessors: ReadonlyMap<string, ApiKey>;
  readonly now: number;
}

/** The form of the checkboxes. */
export const BULK_FORM = "bulk";

export function KeyTable({ keys, predecessors, now }: TableProps) {
  const { columns } = texts.list;
  return (
    <table class="keys sheet">
      <thead>
        <tr>
          {columns.map((column) => (
            <th scope="col">{column}</th>
          ))}
        </tr>
      </thead>
      <tbody>
        {keys.map((key) => (
          <KeyRow of={key} predecessor={predecessors.get(key.id)} now={now} />
        ))}
      </tbody>
    </table>
  );
}

function KeyRow(props: { of: ApiKey; predecessor: ApiKey | undefined; now: number }) {
  const { of: key, predecessor, now } = props;
  const { list, facts } = texts;
  const isRevoked = key.state === "revoked";
  const end = endFact(key);
  const permissions = permissionText(key.permissions);
  return (
    <tr>
      <td class="select">
        {!isRevoked && (
          <input
            type="checkbox"
            name="id"
            value={key.id}
            form={BULK_FORM}
            aria-label={list.ofKey(list.select, key.name)}
          />
        )}
      </td>
      <th scope="row">
        <a href={paths.key(key.id)} title={key.name}>
          {key.name}
        </a>
        <ShortHint of={key} />
      </th>
      <td class="state">
        <ModeBadge of={key} />
        <StateBadges of={key} now={now} />
        <RotationLink of={key} predecessor={predecessor} />
      </td>
      <td class="permissions" data-label={facts.permissions} title={permissions}>
        {permissions}
      </td>
      <td data-label={facts.lastUsed}>
        <LastUsed of={key} now={now} />
      </td>
      <td data-label={end.label}>{end.at === null ? texts.never : <RelativeTime at={end.at} now={now} />}</td>
      <td class="row-actions">
        <RowActions of={key} />
      </td>
    </tr>
  );
}

/** The other key of a rotation. */
function RotationLink({ of: key, predecessor }: { of: ApiKey; predecessor: ApiKey | undefined }) {
  const { list } = texts;
  if (key.replaced_by !== null)
    return (
      <a class="badge" href={paths.key(key.replaced_by)} aria-label={list.ofKey(list.successor, key.name)}>
        {list.successor}
      </a>
    );
  if (predecessor === undefined) return "";
  const replaces = list.replaces(predecessor);
  return (
    <a class="badge" href={paths.key(predecessor.id)} aria-label={list.ofKey(replaces, key.name)}>
      {replaces}
    </a>
  );
}

/** What one would want of a key in its state, and nothing else. */
function RowActions({ of: key }: { of: ApiKey }) {
  const { list } = texts;
  const { state } = key;
  const link = (label: string, href: string, attributes: object = {}) => (
    <a href={href} aria-label={list.ofKey(label, key.name)} {...attributes}>
      {label}
    </a>
  );
  const revoke = link(list.revoke, paths.revoke(key.id), { class: "bad", "data-dialog": true });
  if (state === "revoked") return link(list.createLike, paths.newLike(key.id));
  if (state === "expired") return [link(list.createLike, paths.newLike(key.id)), revoke];
  const edit = link(list.edit, paths.edit(key.id), { "data-dialog": true });
  if (state === "suspended") return [edit, revoke];
  const rotate = state === "retiring" ? list.continueRotation : list.rotate;
  return [edit, link(rotate, paths.rotate(key.id)), revoke];
}
