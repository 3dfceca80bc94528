/** The four steps of a rotation, with the current one marked. */
import { texts } from "./texts.ts";

export function RotationSteps({ current }: { readonly current: number }) {
  const { steps, currentStep, doneStep } = texts.rotate;
  return (
    <ol class="steps">
      {steps.map((step, index) => {
        const number = index + 1;
        return (
          <li
            class={number < current ? "done" : undefined}
            aria-current={number === current ? "step" : undefined}
          >
            {step}
            {number < current && <span class="visually-hidden"> ({doneStep})</span>}
            {number === current && <span class="visually-hidden"> ({currentStep})</span>}
          </li>
        );
      })}
    </ol>
  );
}
