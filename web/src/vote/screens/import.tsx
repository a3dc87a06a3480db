/** Going on with a recovery card: photographed, from its file, or pasted. */

import { useRef, useState } from "preact/hooks";

import { randomBytes } from "../../lib/bytes";
import { useTexts } from "../../lib/i18n";
import { Busy, Notice, StepHeading } from "../../ui/parts";
import { BadCard, readCard } from "../card";
import { useVote } from "../context";
import { NoCode, readPicture } from "../picture";
import { texts } from "../texts";

type Trouble = BadCard["why"] | "no-qr";

const MAX_FILE = 100_000;

export function Import() {
  const t = useTexts(texts);
  const { way, dispatch, back } = useVote();
  const [trouble, set] = useState<Trouble | undefined>();
  const [reading, read] = useState(false);
  const [pasted, paste] = useState("");
  const take = async (text: Promise<string> | string) => {
    set(undefined);
    read(true);
    try {
      const seed = new DataView(randomBytes(4).buffer).getUint32(0);
      const voter = await readCard(await text, way.facts.edition, seed);
      dispatch({ type: "card-read", voter });
    } catch (error) {
      read(false);
      set(whyOf(error));
    }
  };
  return (
    <section class="stack-large">
      <StepHeading>{t.import.title}</StepHeading>
      <p class="lead">{t.import.lead}</p>
      {trouble && (
        <Notice kind="bad" urgent>
          <p>{t.notices[trouble]}</p>
        </Notice>
      )}
      {reading && <Busy>{t.import.reading}</Busy>}
      <div class="card stack">
        <FileButton
          label={t.import.picture}
          accept="image/*"
          onFile={(file) => void take(readPicture(file))}
        />
        <FileButton
          label={t.import.file}
          accept=".json,application/json,text/plain"
          onFile={(file) => void take(file.slice(0, MAX_FILE).text())}
        />
      </div>
      <form
        class="card stack"
        onSubmit={(event) => {
          event.preventDefault();
          void take(pasted.trim());
        }}
      >
        <div class="field">
          <label for="card-text">{t.import.paste}</label>
          <textarea
            id="card-text"
            class="input mono"
            value={pasted}
            spellcheck={false}
            autoComplete="off"
            onInput={(event) => paste(event.currentTarget.value)}
          />
        </div>
        <button type="submit" class="button block" aria-disabled={pasted.trim() === "" || reading}>
          {t.import.next}
        </button>
      </form>
      <button type="button" class="button quiet block" onClick={() => back("identify")}>
        {t.back}
      </button>
    </section>
  );
}

function whyOf(error: unknown): Trouble {
  if (error instanceof BadCard) return error.why;
  if (error instanceof NoCode) return "no-qr";
  throw error;
}

interface FileButtonProps {
  readonly label: string;
  readonly accept: string;
  readonly onFile: (file: File) => void;
}

/** A button that opens the device's own dialogue: on a phone, that is the camera too. */
function FileButton({ label, accept, onFile }: FileButtonProps) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button type="button" class="button large block" onClick={() => input.current?.click()}>
        {label}
      </button>
      <input
        ref={input}
        class="visually-hidden"
        type="file"
        accept={accept}
        tabIndex={-1}
        aria-hidden="true"
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          event.currentTarget.value = "";
          if (file) onFile(file);
        }}
      />
    </>
  );
}
