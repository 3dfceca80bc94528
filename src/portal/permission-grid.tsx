/** The eight permissions as the documentation's table: what a key may read, and what it may write. */
import { PERMISSIONS, type Permission } from "../policy.ts";
import { texts } from "./texts.ts";

export function PermissionGrid({ chosen }: { readonly chosen: readonly string[] }) {
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
                  <Choice permission={`${resource}:${action}` as Permission} chosen={chosen} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      <p class="note warn if-none">{create.full}</p>
    </fieldset>
  );
}

function Choice({ permission, chosen }: { permission: Permission; chosen: readonly string[] }) {
  return (
    <label>
      <input type="checkbox" name="permissions" value={permission} checked={chosen.includes(permission)} />
      <span>
        <code>{permission}</code> {PERMISSIONS[permission]}
      </span>
    </label>
  );
}
