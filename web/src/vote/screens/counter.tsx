/** Step 1 for people without a phone: a sealed code from a counter. */

import { useId } from "preact/hooks";

import { useTexts } from "../../lib/i18n";
import { StepHeading } from "../../ui/parts";
import { useVote } from "../context";
import { texts } from "../texts";
import { Field, StepForm, useTyped } from "./form";

export function Counter() {
  const t = useTexts(texts);
  const { way, dispatch, back } = useVote();
  const told = useId();
  const needsNumber = (way.facts.registration?.mode ?? way.facts.edition.roll?.mode) !== "phone";
  const code = useTyped(way.slip);
  const number = useTyped();
  const submit = () => {
    const filled = [code.filled(), !needsNumber || number.filled()];
    if (filled.includes(false)) return false;
    const whose = needsNumber ? { identity_number: number.value } : {};
    dispatch({ type: "at-counter", person: { by: "counter", code: code.value, ...whose } });
    return true;
  };
  return (
    <section class="stack-large">
      <StepHeading>{t.counter.title}</StepHeading>
      <p class="lead">{t.counter.lead}</p>
      <StepForm button={t.counter.next} onSubmit={submit} told={told}>
        <Field
          label={t.counter.code}
          hint={t.counter.codeHint}
          value={code.value}
          onInput={code.type}
          error={code.error}
          described={way.notice ? told : undefined}
          capitals
          class="mono"
        />
        {needsNumber && (
          <Field
            label={t.identify.identityNumber}
            hint={t.identify.identityHint}
            value={number.value}
            onInput={number.type}
            error={number.error}
            described={way.notice ? told : undefined}
            capitals
            class="mono"
          />
        )}
      </StepForm>
      <button type="button" class="button quiet block" onClick={() => back("identify")}>
        {t.back}
      </button>
    </section>
  );
}
