/** Permissions as a grid of checkboxes and as text. Both read `PERMISSIONS`. */
import { PERMISSIONS, type Permission } from "../policy.ts";
import { texts } from "./texts.ts";

export function PermissionGrid({ selected }: { readonly selected: readonly string[] }) {
  const { create, resources } = texts;
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
            <th scope="col">{create.read}</th>
            <th scope="col">{create.write}</th>
          </tr>
        </thead>
        <tbody>
          {Object.entries(resources).map(([resource, name]) => (
            <tr>
              <th scope="row">{name}</th>
              {(["read", "write"] as const).map((action) => (
                <td>
                  <PermissionCheckbox
                    permission={`${resource}:${action}` as Permission}
                    selected={selected}
                  />
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
  return Object.entries(texts.resources)
    .map(([resource, name]) => {
      const has = (action: "read" | "write") => permissions.includes(`${resource}:${action}` as Permission);
      if (has("read") && has("write")) return `${name}: ${texts.readAndWrite}`;
      return has("read") ? `${name}: ${texts.read}` : has("write") ? `${name}: ${texts.write}` : "";
    })
    .filter((text) => text !== "")
    .join(", ");
}
