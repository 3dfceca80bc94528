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
  /** The query of this page of the list, to return to. */
  readonly list: string;
  readonly now: number;
}

/** The form of the checkboxes, and the one of the buttons in the rows. */
export const BULK_FORM = "bulk";
export const ROW_FORM = "row";

export function KeyTable({ of: page, list, now }: TableProps) {
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
          <KeyRow of={key} beside={page} list={list} now={now} />
        ))}
      </tbody>
    </table>
  );
}

function KeyRow(props: { of: ApiKey; beside: PortalKeys; list: string; now: number }) {
  const { of: key, beside, now } = props;
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
        {key.allowed_ips.length > 0 && (
          <span class="badge" title={key.allowed_ips.join(", ")}>
            {list.restricted}
          </span>
        )}
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
      <td data-label={facts.expires}>
        {end.kind !== "expires" && `${facts.revoked.toLowerCase()} `}
        {end.at === null ? texts.never : <RelativeTime at={end.at} now={now} />}
      </td>
      <td class="row-actions">
        <div class="slots">
          <RowActions of={key} isAccountSuspended={beside.isAccountSuspended} list={props.list} />
        </div>
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

interface ActionsProps {
  readonly of: ApiKey;
  readonly isAccountSuspended: boolean;
  readonly list: string;
}

/** The actions that the state of the key allows. Each has its own place, whatever the others are. */
function RowActions({ of: key, isAccountSuspended, list: query }: ActionsProps) {
  const { list, edit: editTexts } = texts;
  const { state } = key;
  const back = `?${new URLSearchParams({ list: query })}`;
  const link = (label: string, href: string, attributes: object = {}) => (
    <a href={href} aria-label={list.ofKey(label, key.name)} {...attributes}>
      {label}
    </a>
  );
  const like = link(list.createLike, paths.newLike(key.id), { class: "like" });
  if (state === "revoked") return like;
  const revoke = link(list.revoke, `${paths.revoke(key.id)}${back}`, {
    class: "revoke",
    "data-dialog": true,
  });
  if (state === "expired") return [like, revoke];
  const edit = link(list.edit, `${paths.edit(key.id)}${back}`, { "data-dialog": true });
  const resume = (
    <button
      type="submit"
      class="suspend"
      form={ROW_FORM}
      formaction={paths.resume(key.id)}
      data-busy={editTexts.resuming}
      aria-label={list.ofKey(editTexts.resume, key.name)}
    >
      {editTexts.resume}
    </button>
  );
  if (state === "suspended") return [edit, !isAccountSuspended && resume, revoke];
  const isRetiring = state === "retiring";
  const rotate = link(isRetiring ? list.continue : list.rotate, paths.rotate(key.id), {
    class: "rotate",
    ...(isRetiring && { "aria-label": list.ofKey(list.continueRotation, key.name) }),
  });
  const suspend = link(editTexts.suspend, `${paths.suspend(key.id)}${back}`, {
    class: "suspend",
    "data-dialog": true,
  });
  return [edit, rotate, suspend, revoke];
}
