/** What came of a check, in plain words: what it proves, what it does not, what to do next. */

import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { fromUtf8, toBase64 } from "../lib/bytes";
import { formatNumber, useTexts } from "../lib/i18n";
import { Notice } from "../ui/parts";
import { common } from "../ui/texts";
import type { Outcome } from "./examine";
import { texts } from "./texts";
import { VerifiedOutcome } from "./verified";

interface Props {
  readonly outcome: Outcome;
  /** The vote in the page's address. */
  readonly edition: string | undefined;
  readonly onRetry: () => void;
  readonly onAgain: () => void;
}

export function OutcomeView({ outcome, edition, onRetry, onAgain }: Props) {
  const t = useTexts(texts);
  const retry = (
    <button type="button" class="button primary" onClick={onRetry}>
      {useTexts(common).tryAgain}
    </button>
  );
  return (
    <div class="stack-large">
      <Told outcome={outcome} edition={edition} retry={retry} />
      <button type="button" class="button block" onClick={onAgain}>
        {t.again}
      </button>
    </div>
  );
}

function Told(props: Pick<Props, "outcome" | "edition"> & { readonly retry: ComponentChildren }) {
  const { outcome, edition, retry } = props;
  const t = useTexts(texts);
  switch (outcome.kind) {
    case "verified":
      return <VerifiedOutcome verified={outcome} edition={edition} />;
    case "wrong":
      return <Wrong fault={outcome.fault} />;
    case "contradicted":
      return <Contradiction {...outcome} />;
    case "other-key":
      return <OtherKey {...outcome} />;
    case "unknown-log":
      return (
        <Verdict kind="warn" title={t.unknown.title}>
          <p>{t.unknown.explain}</p>
          <p class="mono">{outcome.origin}</p>
          <p>{t.unknown.next}</p>
        </Verdict>
      );
    case "no-such-entry":
      return (
        <Verdict kind="warn" title={t.noEntry.title}>
          <p>{t.noEntry.explain(formatNumber(outcome.index), formatNumber(outcome.size))}</p>
          <p>{t.noEntry.next}</p>
        </Verdict>
      );
    case "no-edition":
      return (
        <Verdict kind="warn" title={t.noEdition.title}>
          <p>{t.noEdition.explain}</p>
        </Verdict>
      );
    case "older":
      return (
        <Verdict kind="warn" title={t.older.title}>
          <p>{t.older.explain}</p>
          <p>{t.older.next}</p>
          {retry}
        </Verdict>
      );
    case "unreachable":
      return (
        <Verdict kind="warn" title={t.unreachable.title}>
          <p>{t.unreachable.explain}</p>
          <p>{t.unreachable.next}</p>
          {retry}
        </Verdict>
      );
  }
}

function Wrong({ fault }: { readonly fault: Extract<Outcome, { kind: "wrong" }>["fault"] }) {
  const t = useTexts(texts).bad;
  const shown = fault === "other-ballot" ? "proof" : fault;
  const next = {
    unreadable: t.unreadableNext,
    incomplete: t.incompleteNext,
    signature: t.forgedNext,
    proof: t.forgedNext,
    edition: t.forgedNext,
    code: t.codeNext,
  }[shown];
  return (
    <Verdict kind="bad" title={t.title}>
      <p class="lead">{t[shown]}</p>
      <p>{next}</p>
    </Verdict>
  );
}

function Contradiction({ evidence }: Extract<Outcome, { kind: "contradicted" }>) {
  const t = useTexts(texts).alarm;
  const { before, now, root, proof } = evidence;
  const save = () => {
    const saved = {
      before: fromUtf8(before.note),
      now: fromUtf8(now.note),
      root: toBase64(root),
      consistency: proof.map(toBase64),
    };
    const file = new Blob([JSON.stringify(saved, null, 1)], { type: "application/json" });
    const link = document.createElement("a");
    link.href = URL.createObjectURL(file);
    link.download = "huimin-contradiction.json";
    link.click();
    URL.revokeObjectURL(link.href);
  };
  return (
    <Verdict kind="bad" title={t.title}>
      <p class="lead">{t.explain}</p>
      <ul class="list">
        <li>{t.before(formatNumber(before.checkpoint.size))}</li>
        <li>{t.now(formatNumber(now.checkpoint.size))}</li>
      </ul>
      <button type="button" class="button primary" onClick={save}>
        {t.evidence}
      </button>
      <p>{t.next}</p>
    </Verdict>
  );
}

function OtherKey({ pinned, served }: Extract<Outcome, { kind: "other-key" }>) {
  const t = useTexts(texts).alarm;
  return (
    <Verdict kind="bad" title={t.keyTitle}>
      <p class="lead">{t.keyExplain}</p>
      <Notice kind="info" title={t.keyPinned}>
        <p class="mono">{pinned}</p>
      </Notice>
      <Notice kind="warn" title={t.keyServed}>
        <p class="mono">{served}</p>
      </Notice>
      <p>{t.keyNext}</p>
    </Verdict>
  );
}

interface VerdictProps {
  readonly kind: "good" | "warn" | "bad";
  readonly title: string;
  readonly children: ComponentChildren;
}

const SIGNS = { good: "M5 13l5 5L20 7", warn: "M12 5v9M12 18v1.5", bad: "M6 6l12 12M18 6L6 18" };

/** The verdict's card; its heading takes the focus, so that it is read out. */
export function Verdict({ kind, title, children }: VerdictProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  return (
    <section class={`card verdict ${kind} stack`}>
      <div class="verdict-head">
        <svg viewBox="0 0 24 24" width="48" height="48" aria-hidden="true">
          <path d={SIGNS[kind]} />
        </svg>
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
      </div>
      {children}
    </section>
  );
}
