/**
 * Permissions as a choice with a grid of checkboxes, and as text. All derived from `PERMISSIONS`, so a new permission is
 * offered and shown without another change.
 */
import { PERMISSIONS, type Permission } from "../policy.ts";
import { isForLiveKeysOnly } from "./first-request.ts";
import type { FormReader } from "./form-values.ts";
import { texts } from "./texts.ts";

const ALL = Object.keys(PERMISSIONS) as Permission[];
const ALL_READ = ALL.filter((permission) => actionOf(permission) === "read");
const list = new Intl.ListFormat("en-GB", { type: "conjunction" });

export const ACCESS_CHOICES = ["full", "read", "selected"] as const;

/** The fields of the permissions as they were submitted. */
export interface AccessDraft {
  /** One of `ACCESS_CHOICES` in a form that is in order. */
  readonly access: string;
  readonly permissions: readonly string[];
}

/** The choice that stands for a key's permissions. */
export function accessDraft(permissions: readonly Permission[]): AccessDraft {
  const isAllRead =
    permissions.length === ALL_READ.length && ALL_READ.every((one) => permissions.includes(one));
  return { access: permissions.length === 0 ? "full" : isAllRead ? "read" : "selected", permissions };
}

/** The draft, and the permissions that it stands for; `[]` is full access, and only the choice of that name. */
export function readAccess(fields: FormReader, form: URLSearchParams) {
  const draft: AccessDraft = {
    access: fields.choice("access", ACCESS_CHOICES),
    permissions: form.getAll("permissions"),
  };
  if (draft.access === "selected" && draft.permissions.length === 0) {
    fields.addProblem("permissions", texts.create.selectOne);
  }
  if (draft.access === "full") return { draft, permissions: [] };
  return { draft, permissions: draft.access === "read" ? ALL_READ : draft.permissions };
}

export function AccessField({ of: draft, problem }: { of: AccessDraft; problem?: string | undefined }) {
  const { create } = texts;
  return (
    <fieldset id="permissions" class="access" {...(problem && { "aria-describedby": "permissions-problem" })}>
      <legend>{create.permissions}</legend>
      {problem && (
        <p class="problem" id="permissions-problem">
          {create.permissions} {problem}
        </p>
      )}
      <div class="choices three">
        {ACCESS_CHOICES.map((choice) => (
          <label class="choice">
            <input
              type="radio"
              name="access"
              id={`access-${choice}`}
              value={choice}
              checked={draft.access === choice}
              required
            />
            <strong>{create.access[choice].label}</strong>
            <span>{create.access[choice].hint}</span>
          </label>
        ))}
      </div>
      <PermissionGrid selected={draft.permissions} />
    </fieldset>
  );
}

function PermissionGrid({ selected }: { readonly selected: readonly string[] }) {
  const { create } = texts;
  const actions = [...new Set(ALL.map(actionOf))];
  return (
    <div class="only-these">
      <p class="hint">{create.permissionsHint}</p>
      <table class="grid">
        <thead>
          <tr>
            <th scope="col">{create.resource}</th>
            {actions.map((action) => (
              <th scope="col">{sentenceCase(action)}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {[...byResource(ALL)].map(([resource, permissions]) => (
            <tr>
              <th scope="row">{sentenceCase(resource)}</th>
              {actions.map((action) => (
                <td>
                  {permissions
                    .filter((permission) => actionOf(permission) === action)
                    .map((permission) => (
                      <PermissionCheckbox permission={permission} selected={selected} />
                    ))}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function PermissionCheckbox(props: { permission: Permission; selected: readonly string[] }) {
  const { permission, selected } = props;
  return (
    <label>
      <input type="checkbox" name="permissions" value={permission} checked={selected.includes(permission)} />
      <span>
        <code>{permission}</code> {describe(permission)}
        {isForLiveKeysOnly(permission) && ` (${texts.create.liveOnly})`}
      </span>
    </label>
  );
}

function describe(permission: Permission): string {
  return texts.permissions.get(permission) ?? PERMISSIONS[permission];
}

/** “Posts: read and write, Accounts: read”, “Read only”, or “Full access”. */
export function permissionText(permissions: readonly Permission[]): string {
  const { access } = accessDraft(permissions);
  if (access === "full" || access === "read") return texts.create.access[access].label;
  const inOrder = [...permissions].sort((a, b) => ALL.indexOf(a) - ALL.indexOf(b));
  return [...byResource(inOrder)]
    .map(([resource, group]) => `${sentenceCase(resource)}: ${list.format(group.map(actionOf))}`)
    .join(", ");
}

function byResource(permissions: readonly Permission[]): ReadonlyMap<string, readonly Permission[]> {
  return Map.groupBy(permissions, (permission) => permission.slice(0, permission.lastIndexOf(":")));
}

function actionOf(permission: string): string {
  return permission.slice(permission.lastIndexOf(":") + 1);
}

/** “brand_kits” as “Brand kits”. */
function sentenceCase(name: string): string {
  const text = name.replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}
