/**
 * Permissions as a grid of checkboxes and as text. Both are derived from `PERMISSIONS`, so a new permission is offered
 * and shown without another change.
 */
import { PERMISSIONS, type Permission } from "../policy.ts";
import { texts } from "./texts.ts";

const ALL = Object.keys(PERMISSIONS) as Permission[];
const list = new Intl.ListFormat("en-GB", { type: "conjunction" });

export function PermissionGrid({ selected }: { readonly selected: readonly string[] }) {
  const { create } = texts;
  const actions = [...new Set(ALL.map(actionOf))];
  return (
    <fieldset id="permissions" aria-describedby="permissions-hint">
      <legend>{create.permissions}</legend>
      <p class="hint" id="permissions-hint">
        {create.permissionsHint}
      </p>
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
      <p class="note warn if-none-selected">{create.fullAccess}</p>
    </fieldset>
  );
}

function PermissionCheckbox(props: { permission: Permission; selected: readonly string[] }) {
  const { permission, selected } = props;
  return (
    <label>
      <input type="checkbox" name="permissions" value={permission} checked={selected.includes(permission)} />
      <span>
        <code>{permission}</code> {PERMISSIONS[permission]}
      </span>
    </label>
  );
}

/** “Posts: read and write, Accounts: read”, or “Full access”. */
export function permissionText(permissions: readonly Permission[]): string {
  if (permissions.length === 0) return texts.fullAccess;
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
