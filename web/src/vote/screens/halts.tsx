/** Screens on which nobody can vote: why not, and what to do. */

import type { ComponentChildren } from "preact";

import { formatTime, inLanguage, useLanguage, useTexts } from "../../lib/i18n";
import type { EditionSummary, EditionView } from "../../lib/views";
import { EditionChooser } from "../../ui/edition";
import { Notice, StepHeading } from "../../ui/parts";
import { common } from "../../ui/texts";
import { links, useVote } from "../context";
import { texts } from "../texts";
import { Shortlist } from "./shortlist";

/** Of the services' answers, those after which nothing more may be sent. */
export const STOPPING = ["wrong-issuer", "wrong-log", "commitment-differs"];

interface HaltProps {
  readonly kind: "bad" | "warn" | "info";
  readonly title: string;
  readonly children: ComponentChildren;
}

interface UnknownProps {
  readonly edition: string;
  readonly editions: readonly EditionSummary[];
}

function Halt({ kind, title, children }: HaltProps) {
  return (
    <section class="stack-large">
      <StepHeading>{title}</StepHeading>
      <Notice kind={kind}>{children}</Notice>
    </section>
  );
}

/** The address names an edition that there is not: an old QR code, or one letter wrong. */
export function Unknown({ edition, editions }: UnknownProps) {
  const t = useTexts(texts).halt;
  return (
    <div class="stack-large">
      <Notice kind="warn" urgent>
        <p>{t.unknown(edition)}</p>
      </Notice>
      <EditionChooser editions={editions} />
    </div>
  );
}

export function Insecure() {
  const t = useTexts(common);
  return (
    <Halt kind="bad" title={t.vote}>
      <p>{t.insecure}</p>
    </Halt>
  );
}

export function Elsewhere({ onHere }: { readonly onHere: () => void }) {
  const t = useTexts(texts).halt;
  return (
    <Halt kind="info" title={t.elsewhereTitle}>
      <p>{t.elsewhere}</p>
      <button type="button" class="button primary large block" onClick={onHere}>
        {t.here}
      </button>
    </Halt>
  );
}

export function StorageRefused({ onAnyway }: { readonly onAnyway: () => void }) {
  const t = useTexts(texts).halt;
  return (
    <Halt kind="warn" title={t.storageTitle}>
      <p>{t.storage}</p>
      <button type="button" class="button block" onClick={onAnyway}>
        {t.anyway}
      </button>
    </Halt>
  );
}

export function NotYet({ edition }: { readonly edition: EditionView }) {
  const t = useTexts(texts).halt;
  const shown = useLanguage();
  const { opens_at, title } = edition.manifest;
  return (
    <section class="stack-large">
      <p class="edition-name">{inLanguage(title, shown)}</p>
      <StepHeading>{t.notYetTitle}</StepHeading>
      <Notice kind="info">
        {opens_at && <p class="notice-title">{t.opens(formatTime(opens_at))}</p>}
        <p>{t.notYet}</p>
      </Notice>
      {edition.initiatives.length > 0 && <Shortlist initiatives={edition.initiatives} />}
    </section>
  );
}

export function Closed({ edition }: { readonly edition: EditionView }) {
  const t = useTexts(texts).halt;
  const { services } = useVote();
  const shown = useLanguage();
  return (
    <section class="stack-large">
      <p class="edition-name">{inLanguage(edition.manifest.title, shown)}</p>
      <StepHeading>{t.closedTitle}</StepHeading>
      <Notice kind="info">
        <p>{t.closed}</p>
        <a class="button primary large block" href={links(services, edition.edition).board}>
          {t.toBoard}
        </a>
      </Notice>
    </section>
  );
}

/** Something is wrong that no retry of a voter's should paper over. */
export function Stopped({ slug }: { readonly slug: string }) {
  const { notices } = useTexts(texts);
  const { dispatch } = useVote();
  const log = slug === "wrong-log";
  return (
    <section class="stack-large">
      <StepHeading>{log ? notices["wrong-log-title"] : notices["wrong-issuer-title"]}</StepHeading>
      <Notice kind="bad" urgent>
        <p>{log ? notices["wrong-log"] : notices["wrong-issuer"]}</p>
      </Notice>
      <button type="button" class="button block" onClick={() => dispatch({ type: "notice-read" })}>
        {notices.retry}
      </button>
    </section>
  );
}
