/** Step 1: who the voter is, as the edition identifies people; and ways round it. */

import { useId } from "preact/hooks";

import { formatTime, inLanguage, useLanguage, useTexts } from "../../lib/i18n";
import { Notice, StepHeading } from "../../ui/parts";
import { useVote } from "../context";
import { texts } from "../texts";
import { Records } from "./records";
import { Field, StepForm, useTyped } from "./form";
import { Shortlist } from "./shortlist";

export function Identify() {
  const t = useTexts(texts).identify;
  const shown = useLanguage();
  const { way } = useVote();
  const { manifest, initiatives } = way.facts.edition;
  const closes = manifest.closes_at;
  return (
    <section class="stack-large">
      <header class="hero">
        <StepHeading>{inLanguage(manifest.title, shown)}</StepHeading>
        <p class="lead">{t.intro(initiatives.length, manifest.max_choices)}</p>
        {closes && <p class="muted">{t.closes(formatTime(closes))}</p>}
      </header>
      <CodesFailing />
      <IdentifyForm />
      <Shortlist initiatives={initiatives} />
      <Notice kind="good" title={t.secret}>
        <p>{t.secretWhy}</p>
      </Notice>
      <OtherWays />
      <Records />
    </section>
  );
}

function IdentifyForm() {
  const t = useTexts(texts).identify;
  const { way, dispatch } = useVote();
  const told = useId();
  const byPhone = (way.facts.registration?.mode ?? way.facts.edition.roll?.mode) === "phone";
  const number = useTyped();
  const submit = () => {
    if (!number.filled()) return false;
    const request = byPhone ? { phone: number.value } : { identity_number: number.value };
    dispatch({ type: "identified", request });
    return true;
  };
  return (
    <StepForm button={t.next} onSubmit={submit} told={told}>
      <h2>{t.title}</h2>
      <Field
        label={byPhone ? t.phone : t.identityNumber}
        hint={byPhone ? t.phoneHint : t.identityHint}
        value={number.value}
        onInput={number.type}
        error={number.error}
        described={way.notice ? told : undefined}
        inputMode={byPhone ? "tel" : "text"}
        autoComplete={byPhone ? "tel" : "off"}
        capitals
        class="mono"
      />
    </StepForm>
  );
}

function OtherWays() {
  const t = useTexts(texts).identify;
  const { dispatch } = useVote();
  return (
    <div class="stack">
      <button
        type="button"
        class="button block"
        onClick={() => dispatch({ type: "went", place: "counter" })}
      >
        {t.counter}
      </button>
      <button
        type="button"
        class="button block"
        onClick={() => dispatch({ type: "went", place: "import" })}
      >
        {t.card}
      </button>
    </div>
  );
}

/** Said to everybody while messages do not go out. */
export function CodesFailing() {
  const t = useTexts(texts).code;
  const { way } = useVote();
  if (way.facts.registration?.codes !== "failing") return null;
  return (
    <Notice kind="warn">
      <p>{t.failing}</p>
    </Notice>
  );
}
