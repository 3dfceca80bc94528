/** The steps of a rotation, with the current one marked. */
import { texts } from "./texts.ts";

interface StepsProps {
  readonly current: number;
  /** Whether the old key is revoked with the first step. */
  readonly isAtOnce?: boolean;
  readonly class?: string;
}

export function RotationSteps({ current, isAtOnce = false, class: name = "" }: StepsProps) {
  const { steps, stepsAtOnce, currentStep, doneStep } = texts.rotate;
  return (
    <ol class={`steps ${name}`}>
      {(isAtOnce ? stepsAtOnce : steps).map((step, index) => {
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
