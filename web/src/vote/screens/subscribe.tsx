/** "Tell me the result": an e-mail address for the notify service, apart from the ballot. */

import { useId, useState } from "preact/hooks";

import { requestJson } from "../../lib/http";
import { language, useTexts } from "../../lib/i18n";
import { Busy, Notice } from "../../ui/parts";
import { useVote } from "../context";
import { failureOf } from "../failure";
import { texts } from "../texts";
import type { Failure } from "../way";

type State =
  | { readonly at: "asking" | "sending" | "done" }
  | { readonly at: "failed"; readonly failure: Failure };

export function Subscribe() {
  const t = useTexts(texts);
  const id = useId();
  const { services, way } = useVote();
  const [address, type] = useState("");
  const [state, set] = useState<State>({ at: "asking" });
  const send = async () => {
    if (state.at === "sending" || address.trim() === "") return;
    set({ at: "sending" });
    const edition = way.facts.edition.edition;
    const body = { edition, channel: "email", address: address.trim(), language: language() };
    try {
      const url = `${services.notify}/v1/subscriptions`;
      await requestJson(url, { method: "POST", json: body, attempts: 2 });
      set({ at: "done" });
    } catch (error) {
      set({ at: "failed", failure: failureOf(error, navigator.onLine) });
    }
  };
  if (state.at === "done") {
    return (
      <Notice kind="good" urgent>
        <p>{t.subscribe.done}</p>
      </Notice>
    );
  }
  return (
    <form
      class="card stack no-print"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <h2>{t.subscribe.title}</h2>
      <div class="field">
        <label for={id}>{t.subscribe.email}</label>
        <span class="hint" id={`${id}-hint`}>
          {t.subscribe.why}
        </span>
        <input
          id={id}
          class="input"
          type="email"
          autoComplete="email"
          value={address}
          maxLength={254}
          aria-describedby={`${id}-hint`}
          aria-invalid={state.at === "failed" ? "true" : undefined}
          onInput={(event) => type(event.currentTarget.value)}
        />
      </div>
      {state.at === "failed" && (
        <Notice kind="bad" urgent>
          <p>{state.failure.text?.[language()] ?? t.notices.unreachable}</p>
        </Notice>
      )}
      {state.at === "sending" && <Busy>{t.subscribe.sending}</Busy>}
      <button type="submit" class="button block">
        {t.subscribe.send}
      </button>
    </form>
  );
}
