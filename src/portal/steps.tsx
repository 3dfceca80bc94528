/** Where somebody is in the four steps of a rotation. */
import { texts } from "./texts.ts";

export function Steps({ at }: { readonly at: number }) {
  const { steps, current, done } = texts.rotate;
  return (
    <ol class="steps">
      {steps.map((step, index) => (
        <li class={index + 1 < at ? "done" : undefined} aria-current={index + 1 === at ? "step" : undefined}>
          {step}
          {index + 1 < at && <span class="quiet-voice"> ({done})</span>}
          {index + 1 === at && <span class="quiet-voice"> ({current})</span>}
        </li>
      ))}
    </ol>
  );
}
