/** The keys of a list: one line each on a wide screen, a card each on a phone. */
import type { ApiKey } from "../keys/api-key.ts";
import type { Predecessor } from "../ledger/key-listing.ts";
import type { PortalKeys } from "../ledger/portal-keys.ts";
import { endFact, LastUsed, ModeBadge, ShortHint, StateBadges } from "./key-summary.tsx";
import { permissionText } from "./permissions.tsx";
import { paths } from "./portal-context.ts";
import { RelativeTime } from "./relative-time.tsx";
import { texts } from "./texts.ts";

interface TableProps {
  readonly of: PortalKeys;
  readonly now: number;
}

/** The form of the checkboxes, and the one of the buttons in the rows. */
export const BULK_FORM = "bulk";
export const ROW_FORM = "row";

export function KeyTable({ of: page, now }: TableProps) {
  return (
    <table class="keys sheet">
      <thead>
        <tr>
          {texts.list.columns.map((column) => (
            <th scope="col">{column}</th>
          ))}
        </tr>
      </thead>
      <tbody>
        {page.keys.map((key) => (
          <KeyRow of={key} beside={page} now={now} />
        ))}
      </tbody>
    </table>
  );
}

function KeyRow({ of: key, beside, now }: { of: ApiKey; beside: PortalKeys; now: number }) {
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
        <StateBadges of={key} now={now} isExposed={beside.exposedIds.includes(key.id)} />
        <RotationLink
          of={key}
          predecessor={beside.predecessors.find(({ replaced_by }) => replaced_by === key.id)}
        />
      </td>
      <td class="permissions" data-label={facts.permissions} title={permissions}>
        {permissions}
      </td>
      <td data-label={facts.lastUsed}>
        <LastUsed of={key} now={now} />
      </td>
      <td data-label={end.label}>{end.at === null ? texts.never : <RelativeTime at={end.at} now={now} />}</td>
      <td class="row-actions">
        <RowActions of={key} isAccountSuspended={beside.isAccountSuspended} />
      </td>
    </tr>
  );
}

/** The other key of a rotation. */
function RotationLink({ of: key, predecessor }: { of: ApiKey; predecessor: Predecessor | undefined }) {
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
function RowActions({ of: key, isAccountSuspended }: { of: ApiKey; isAccountSuspended: boolean }) {
  const { list, edit: editTexts } = texts;
  const { state } = key;
  const link = (label: string, href: string, attributes: object = {}) => (
    <a href={href} aria-label={list.ofKey(label, key.name)} {...attributes}>
      {label}
    </a>
  );
  const button = (label: string, action: string, busy: string) => (
    <button
      type="submit"
      form={ROW_FORM}
      formaction={action}
      data-busy={busy}
      aria-label={list.ofKey(label, key.name)}
    >
      {label}
    </button>
  );
  const revoke = link(list.revoke, paths.revoke(key.id), { class: "bad", "data-dialog": true });
  if (state === "revoked") return link(list.createLike, paths.newLike(key.id));
  if (state === "expired") return [link(list.createLike, paths.newLike(key.id)), revoke];
  const edit = link(list.edit, paths.edit(key.id), { "data-dialog": true });
  const resume = button(editTexts.resume, paths.resume(key.id), editTexts.resuming);
  if (state === "suspended") return [edit, !isAccountSuspended && resume, revoke];
  const rotate =
    state === "retiring"
      ? link(list.continue, paths.rotate(key.id), {
          "aria-label": list.ofKey(list.continueRotation, key.name),
        })
      : link(list.rotate, paths.rotate(key.id));
  const suspend = button(editTexts.suspend, paths.suspend(key.id), editTexts.suspending);
  return [edit, rotate, suspend, revoke];
}
