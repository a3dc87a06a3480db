/** Where a receipt is handed in: pasted, chosen as a file or picture, scanned, or kept here. */

import { useEffect, useState } from "preact/hooks";
import type { ComponentType } from "preact";

import { formatNumber, inLanguage, useLanguage, useTexts } from "../lib/i18n";
import { MAX_RECEIPT_CHARS } from "../lib/receipt";
import type { EditionSummary } from "../lib/views";
import { Notice } from "../ui/parts";
import { keptReceipts, type Kept } from "./kept";
import { texts } from "./texts";

const MAX_PICTURE_BYTES = 30_000_000;

interface Props {
  readonly text: string;
  readonly onText: (text: string) => void;
  readonly onCheck: (text: string) => void;
  readonly editions: readonly EditionSummary[];
  readonly edition: string | undefined;
  readonly onEdition: (edition: string) => void;
}

type Fault = "empty" | "tooLarge" | "noCode";
type CameraProps = { onFound: (text: string) => void; onStop: () => void };

export function HandIn(props: Props) {
  const t = useTexts(texts);
  const [fault, setFault] = useState<Fault>();
  const [Camera, setCamera] = useState<{ readonly view: ComponentType<CameraProps> }>();
  const check = (text: string) => (text.trim() ? props.onCheck(text) : setFault("empty"));
  const choose = async (input: HTMLInputElement) => {
    const [file] = input.files ?? [];
    input.value = ""; // the same file may be chosen again
    if (!file) return;
    const read = await readFile(file);
    if ("text" in read) check(read.text);
    else setFault(read.fault);
  };
  const scan = async () => {
    const { default: view } = await import("./camera");
    setFault(undefined);
    setCamera({ view });
  };
  if (Camera) return <Camera.view onFound={check} onStop={() => setCamera(undefined)} />;
  return (
    <form
      class="card stack"
      onSubmit={(event) => {
        event.preventDefault();
        check(props.text);
      }}
    >
      <div class="field">
        <label for="receipt">{t.label}</label>
        <span class="hint" id="receipt-hint">
          {t.hint}
        </span>
        <textarea
          id="receipt"
          class="input mono"
          rows={4}
          spellcheck={false}
          autocomplete="off"
          autocapitalize="off"
          aria-describedby="receipt-hint"
          value={props.text}
          onInput={(event) => {
            setFault(undefined);
            props.onText(event.currentTarget.value);
          }}
        />
      </div>
      {fault && (
        <Notice kind="warn" urgent>
          {t[fault]}
        </Notice>
      )}
      <Votes {...props} />
      <button type="submit" class="button primary large block">
        {t.check}
      </button>
      <div class="ways">
        <label class="button file">
          <input
            type="file"
            class="visually-hidden"
            accept="image/*,.json,.txt,application/json,text/plain"
            onChange={(event) => void choose(event.currentTarget)}
          />
          {t.upload}
        </label>
        <button type="button" class="button" onClick={() => void scan()}>
          {t.scan}
        </button>
      </div>
      <KeptHere editions={props.editions} onCheck={check} />
    </form>
  );
}

/** Which vote a code is looked for in: asked only where there are several. */
function Votes({ editions, edition, onEdition }: Props) {
  const t = useTexts(texts);
  const shown = useLanguage();
  if (editions.length < 2) return null;
  return (
    <div class="field">
      <label for="vote">{t.whichVote}</label>
      <select
        id="vote"
        class="input"
        value={edition ?? ""}
        onChange={(event) => onEdition(event.currentTarget.value)}
      >
        {edition === undefined && <option value="">—</option>}
        {[...editions].reverse().map((one) => (
          <option key={one.edition} value={one.edition}>
            {inLanguage(one.title, shown)}
          </option>
        ))}
      </select>
    </div>
  );
}

function KeptHere(props: Pick<Props, "editions" | "onCheck">) {
  const t = useTexts(texts);
  const shown = useLanguage();
  const [kept, setKept] = useState<readonly Kept[]>([]);
  useEffect(() => {
    void keptReceipts().then(setKept);
  }, []);
  if (kept.length === 0) return null;
  const title = (edition: string) => {
    const found = props.editions.find((one) => one.edition === edition);
    return found ? inLanguage(found.title, shown) : edition;
  };
  return (
    <fieldset class="stack">
      <legend class="label">{t.kept}</legend>
      {kept.map(({ receipt, text }) => (
        <button key={receipt.edition} type="button" class="button block" onClick={() => props.onCheck(text)}>
          {t.keptOne(title(receipt.edition), receipt.index)}
        </button>
      ))}
    </fieldset>
  );
}

/** The receipt's text in a file, or in the QR code of a picture. */
async function readFile(file: File): Promise<{ text: string } | { fault: Fault }> {
  if (!file.type.startsWith("image/")) {
    return file.size > MAX_RECEIPT_CHARS ? { fault: "tooLarge" } : { text: await file.text() };
  }
  if (file.size > MAX_PICTURE_BYTES) return { fault: "tooLarge" };
  const { decode } = await import("./decode");
  const picture = await createImageBitmap(file).catch(() => undefined);
  const text = picture && (await decode(picture));
  return text === undefined ? { fault: "noCode" } : { text };
}

/** How many checks were made today. */
export function Today({ verified, wrong }: { readonly verified: number; readonly wrong: number }) {
  const t = useTexts(texts);
  return (
    <p class="centre muted small">
      <strong class="number">{t.today(formatNumber(verified + wrong))}</strong>
      {wrong > 0 && <> · {t.todayWrong(formatNumber(wrong))}</>}
      <br />
      {t.todayNote}
    </p>
  );
}
