/**
 * Reads a submitted form. A field that is missing, sent twice or malformed is a problem, never a guess. The control
 * plane checks the values.
 */
import { FORM_ID } from "./portal-context.ts";
import { texts } from "./texts.ts";

const DAY_MS = 86_400_000;
/** A form can be submitted for as long as its session lasts; the clocks of two machines differ. */
const FORM_AGE_MAX_MS = DAY_MS;
const CLOCK_DIFFERENCE_MAX_MS = 60_000;

/** Problem texts by field name. A map, so that no field name is taken for a property of every object. */
export type FieldProblems = ReadonlyMap<string, string>;

export const NO_PROBLEMS: FieldProblems = new Map();

export class FormReader {
  readonly #form: URLSearchParams;
  readonly #problems = new Map<string, string>();

  constructor(form: URLSearchParams) {
    this.#form = form;
  }

  get problems(): FieldProblems {
    return this.#problems;
  }

  /** The value of a field that was sent exactly once and is not blank. */
  text(name: string): string {
    const value = this.optional(name) ?? "";
    if (value.trim() === "") this.addProblem(name, texts.required);
    return value;
  }

  /** The value of a field that was sent at most once; undefined: not sent. */
  optional(name: string): string | undefined {
    const [value, ...more] = this.#form.getAll(name);
    if (more.length > 0) this.addProblem(name, texts.sentTwice);
    return value;
  }

  /** The value of a field that offers a choice. */
  choice(name: string, offered: readonly string[]): string {
    const value = this.text(name);
    if (!offered.includes(value)) this.addProblem(name, texts.required);
    return value;
  }

  /** The form's id, under which the ledger carries it out once. */
  formId(): string {
    const id = this.text("form_id");
    if (!FORM_ID.test(id)) this.addProblem("form_id", texts.incompleteForm);
    return id;
  }

  /** When the form was made, in Unix milliseconds. */
  formMadeAt(now: number): number {
    const text = this.text("form_made_at");
    const madeAt = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    const isPlausible = madeAt >= now - FORM_AGE_MAX_MS && madeAt <= now + CLOCK_DIFFERENCE_MAX_MS;
    if (!isPlausible) this.addProblem("form_made_at", texts.incompleteForm);
    return isPlausible ? madeAt : now;
  }

  /** The end of a UTC day, as ISO 8601. */
  endOfDay(name: string): string {
    return this.#time(name, /^\d{4}-\d\d-\d\d$/, "T23:59:59Z");
  }

  /** A UTC time, as ISO 8601. */
  utcTime(name: string): string {
    return this.#time(name, /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?$/, "Z");
  }

  #time(name: string, format: RegExp, suffix: string): string {
    const text = this.text(name);
    if (!format.test(text)) this.addProblem(name, texts.notADate);
    const unixMs = Date.parse(text + suffix);
    const iso = Number.isNaN(unixMs) ? "" : new Date(unixMs).toISOString();
    // Date.parse reads 30 February as 2 March.
    if (iso.slice(0, 10) !== text.slice(0, 10)) this.addProblem(name, texts.noSuchDate);
    return iso;
  }

  addProblem(name: string, text: string): void {
    if (!this.#problems.has(name)) this.#problems.set(name, text);
  }
}
