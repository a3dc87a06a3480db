/** Small parts that the pages share. */

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { useTexts } from "../lib/i18n";
import { announce } from "./live";
import { common } from "./texts";

type Kind = "good" | "bad" | "warn" | "info";

interface NoticeProps {
  readonly kind: Kind;
  readonly title?: string;
  /** Read out at once, as an alert. */
  readonly urgent?: boolean;
  readonly children?: ComponentChildren;
}

/** What is the matter and what to do next. */
export function Notice({ kind, title, urgent, children }: NoticeProps) {
  return (
    <div class={`notice ${kind}`} role={urgent ? "alert" : undefined}>
      {title && <p class="notice-title">{title}</p>}
      {children}
    </div>
  );
}

/** Something is under way; the text says what. */
export function Busy({ children }: { readonly children: ComponentChildren }) {
  return (
    <p class="row" role="status">
      <span class="spinner" aria-hidden="true" />
      <span>{children}</span>
    </p>
  );
}

/** Copies a text to the clipboard, and says so. */
export function CopyButton({ text, label }: { readonly text: string; readonly label?: string }) {
  const t = useTexts(common);
  const [said, say] = useState("");
  const copy = async () => {
    const outcome = await navigator.clipboard.writeText(text).then(
      () => t.copied,
      () => t.cannotCopy,
    );
    say(outcome);
    announce(outcome);
  };
  return (
    <button type="button" class="button" onClick={copy}>
      {said || (label ?? t.copy)}
    </button>
  );
}

/** Names and values. */
export function Facts({ facts }: { readonly facts: readonly (readonly [string, ComponentChildren])[] }) {
  return (
    <dl class="facts">
      {facts.flatMap(([name, value]) => [<dt key={name}>{name}</dt>, <dd key={`${name}=`}>{value}</dd>])}
    </dl>
  );
}

/** A heading that takes the focus when it appears: the start of a new step. */
export function StepHeading({ children }: { readonly children: ComponentChildren }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  return (
    <h1 ref={heading} tabIndex={-1}>
      {children}
    </h1>
  );
}
