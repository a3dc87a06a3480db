/** Step 2: the one-time code. */

import { useId, useLayoutEffect } from "preact/hooks";

import { useTexts } from "../../lib/i18n";
import { StepHeading } from "../../ui/parts";
import { useVote } from "../context";
import { texts } from "../texts";
import { Field, StepForm, useTyped } from "./form";
import { CodesFailing } from "./identify";
import { useCountdown } from "./told";

/**
 * A message takes its time; asking again at once would only use up what a person may ask for. And SMS
 * providers send no number a second code within a minute, whatever became of the first.
 */
const AGAIN_S = 60;

export function Code() {
  const t = useTexts(texts).code;
  const { way, dispatch } = useVote();
  const told = useId();
  const code = useTyped();
  const challenge = way.voter?.challenge;
  const spent = Boolean(challenge && challenge.wrong >= challenge.attempts);
  // Before the new challenge is seen: who types at once loses no digit.
  useLayoutEffect(() => {
    if (challenge?.challenge) code.type("");
  }, [challenge?.challenge]);
  if (!challenge) return null;
  const byPhone = (way.facts.registration?.mode ?? way.facts.edition.roll?.mode) === "phone";
  const minutes = Math.max(1, Math.round(challenge.expires_in_s / 60));
  const submit = () => {
    if (!code.filled()) return false;
    dispatch({ type: "code-typed", code: code.value });
    return true;
  };
  return (
    <section class="stack-large">
      <StepHeading>{t.title}</StepHeading>
      <p class="lead">{byPhone ? t.toPhone : t.toRoll}</p>
      <CodesFailing />
      <StepForm button={t.next} onSubmit={submit} told={told} spent={spent}>
        <Field
          label={t.label(challenge.code_digits)}
          hint={t.hint(minutes, challenge.attempts)}
          value={code.value}
          onInput={code.type}
          error={code.error}
          described={way.notice ? told : undefined}
          inputMode="numeric"
          autoComplete="one-time-code"
          maxLength={16}
          class="code"
        />
      </StepForm>
      <NotReceived key={challenge.challenge} challenge={challenge.challenge} open={spent} />
    </section>
  );
}

interface NotReceivedProps {
  readonly challenge: string;
  /** The code is void: a new one is the way on. */
  readonly open: boolean;
}

/** What to do when no code comes. */
function NotReceived({ challenge, open }: NotReceivedProps) {
  const t = useTexts(texts).code;
  const { way, dispatch, back } = useVote();
  const left_s = useCountdown(AGAIN_S, challenge);
  const blocked = left_s > 0 || way.task !== null;
  return (
    <details class="details card" open={open}>
      <summary>{t.none}</summary>
      <div class="stack">
        <p>{t.noneWhy}</p>
        <button
          type="button"
          class="button block number"
          aria-disabled={blocked}
          onClick={() => blocked || dispatch({ type: "new-code-wanted" })}
        >
          {left_s > 0 ? t.againIn(left_s) : t.again}
        </button>
        <button type="button" class="button quiet block" onClick={() => back("identify")}>
          {t.other}
        </button>
      </div>
    </details>
  );
}
