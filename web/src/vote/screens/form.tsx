/** A form of one step: fields, what went wrong beside them, and one button. */

import type { ComponentChildren } from "preact";
import { useId, useRef, useState } from "preact/hooks";

import { useTexts } from "../../lib/i18n";
import { useVote } from "../context";
import { texts } from "../texts";
import { Told, UnderWay, useCountdown } from "./told";

interface FieldProps {
  readonly label: string;
  readonly hint: string;
  readonly value: string;
  readonly onInput: (value: string) => void;
  readonly error?: string | undefined;
  readonly described?: string | undefined;
  readonly class?: string;
  readonly inputMode?: "numeric" | "tel" | "text";
  readonly autoComplete?: string;
  readonly maxLength?: number;
  readonly capitals?: boolean;
}

export function Field(props: FieldProps) {
  const id = useId();
  const described = [`${id}-hint`, props.error && `${id}-error`, props.described];
  return (
    <div class="field">
      <label for={id}>{props.label}</label>
      <span class="hint" id={`${id}-hint`}>
        {props.hint}
      </span>
      <input
        id={id}
        class={`input big ${props.class ?? ""}`}
        type="text"
        value={props.value}
        inputMode={props.inputMode ?? "text"}
        autoComplete={props.autoComplete ?? "off"}
        autoCapitalize={props.capitals ? "characters" : "off"}
        autoCorrect="off"
        spellcheck={false}
        maxLength={props.maxLength ?? 40}
        aria-required="true"
        aria-invalid={props.error || props.described ? "true" : undefined}
        aria-describedby={described.filter(Boolean).join(" ")}
        onInput={(event) => props.onInput(event.currentTarget.value)}
      />
      {props.error && (
        <p class="field-error" id={`${id}-error`}>
          {props.error}
        </p>
      )}
    </div>
  );
}

interface StepFormProps {
  readonly button: string;
  /** Sends what was typed; false: something is missing, which the fields say. */
  readonly onSubmit: () => boolean;
  readonly children: ComponentChildren;
  /** The id by which fields refer to what went wrong. */
  readonly told: string;
  /** Whether nothing can be sent, whatever is typed. */
  readonly spent?: boolean;
}

export function StepForm({ button, onSubmit, children, told, spent }: StepFormProps) {
  const { way } = useVote();
  const form = useRef<HTMLFormElement>(null);
  const wait_s = useCountdown(way.notice?.wait_s ?? 0, way.notice);
  const blocked = way.task !== null || wait_s > 0 || Boolean(spent);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (blocked) return;
    if (!onSubmit()) form.current?.querySelector<HTMLInputElement>("input")?.focus();
  };
  return (
    <form ref={form} class="card stack" onSubmit={submit} noValidate>
      {children}
      <Told id={told} />
      <UnderWay />
      <button type="submit" class="button primary large block" aria-disabled={blocked}>
        {button}
      </button>
    </form>
  );
}

/** A field's text and what is wrong with it: empty, until somebody types. */
export function useTyped(initial = ""): {
  readonly value: string;
  readonly error: string | undefined;
  readonly type: (value: string) => void;
  readonly filled: () => boolean;
} {
  const t = useTexts(texts).identify;
  const [value, set] = useState(initial);
  const [missing, miss] = useState(false);
  return {
    value,
    error: missing ? t.empty : undefined,
    type: (next) => {
      set(next);
      miss(false);
    },
    filled: () => {
      const filled = value.trim() !== "";
      miss(!filled);
      return filled;
    },
  };
}
