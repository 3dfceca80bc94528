/** Asked by the script when the page of a secret is left before the secret was copied. */
import { texts } from "./texts.ts";

export function LeaveDialog() {
  const { title, text, stay, leave } = texts.leave;
  return (
    <dialog class="sheet form" id="leave" aria-labelledby="leave-title">
      <h2 id="leave-title">{title}</h2>
      <p>{text}</p>
      <p class="actions">
        <button type="button" class="main" data-stay>
          {stay}
        </button>
        <button type="button" data-leave>
          {leave}
        </button>
      </p>
    </dialog>
  );
}
