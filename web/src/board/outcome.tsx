/** After the close: what the result is worth, a tie that waits, a draw that was held. */

import { useEffect, useState } from "preact/hooks";

import { fromBase64, toHex } from "../lib/bytes";
import { useTexts } from "../lib/i18n";
import type { EditionView } from "../lib/views";
import { Notice } from "../ui/parts";
import { drawAgain, type Drawn } from "./draw";
import { Both, useHall } from "./hall";
import { board, type BoardTexts } from "./texts";
import { useTitles } from "./titles";
import type { DrawView, ResultWithDraw } from "./views";

interface Props {
  readonly edition: string;
  readonly view: EditionView;
  readonly result: ResultWithDraw;
}

export function Outcome({ edition, view, result }: Props) {
  const hall = useHall();
  const kind = result.tied.length > 0 ? "warn" : result.certified ? "good" : "info";
  return (
    <section class={`outcome ${kind}`}>
      <h2>
        <Both of={(t) => outcomeTitle(t, result)} />
      </h2>
      {!hall && (
        <p>
          <Both of={(t) => outcomeText(t, result)} />
        </p>
      )}
      {result.draw && <Draw edition={edition} view={view} result={result} draw={result.draw} />}
    </section>
  );
}

function outcomeTitle(t: BoardTexts, result: ResultWithDraw): string {
  if (result.tied.length > 0) return t.resultTied(result.tied.length, result.seats_open);
  return result.certified ? t.resultCertified : t.resultCounted;
}

function outcomeText(t: BoardTexts, result: ResultWithDraw): string {
  if (result.tied.length > 0) return t.resultTiedWhy;
  return result.certified ? t.resultCertifiedWhy : t.resultCountedWhy;
}

/** How the draw went; on the big screen the digits, elsewhere the whole computation. */
function Draw({ edition, view, result, draw }: Props & { readonly draw: DrawView }) {
  const t = useTexts(board);
  const hall = useHall();
  const digits = draw.seed.replace(/(.{5})(?=.)/g, "$1 ");
  if (hall) {
    return (
      <p class="draw-line">
        <Both of={(t) => t.drawn} /> <span class="mono digits">{digits}</span>
      </p>
    );
  }
  return (
    <details class="details">
      <summary>{t.drawn}</summary>
      <div class="stack">
        <p>{t.drawnHow}</p>
        <dl class="facts">
          <dt>{t.drawnSeed}</dt>
          <dd class="mono digits">{digits}</dd>
          <dt>{t.drawnRoot}</dt>
          <dd class="mono">{toHex(fromBase64(draw.root))}</dd>
        </dl>
        <Again edition={edition} view={view} result={result} draw={draw} />
      </div>
    </details>
  );
}

function Again({ edition, view, result, draw }: Props & { readonly draw: DrawView }) {
  const t = useTexts(board);
  const title = useTitles(view);
  const [drawn, set] = useState<Drawn[] | "cannot">();
  useEffect(() => {
    if (!window.isSecureContext) return set("cannot");
    void drawAgain(edition, draw).then(set);
  }, [edition, draw.seed, draw.root]);
  if (!drawn) return null;
  if (drawn === "cannot") return <p class="muted">{t.drawnCannot}</p>;
  const last = result.winners.filter((id) => draw.tied.includes(id));
  const same = last.every((id, place) => drawn[place]?.id === id);
  return (
    <>
      <Notice kind={same ? "good" : "bad"}>
        <p>
          {t.drawnAgain} {same ? t.drawnSame : t.drawnDiffers}
        </p>
      </Notice>
      <div class="scroll" tabIndex={0} role="region" aria-label={t.drawnOrder}>
        <table>
          <thead>
            <tr>
              <th scope="col">{t.drawnOrder}</th>
              <th scope="col">{t.initiative}</th>
              <th scope="col">{t.hash}</th>
              <th scope="col">{t.now}</th>
            </tr>
          </thead>
          <tbody>
            {drawn.map((one, place) => (
              <tr key={one.id}>
                <td class="number">{place + 1}</td>
                <th scope="row">{title(one.id)}</th>
                <td class="mono">{one.hash.slice(0, 16)}…</td>
                <td>{result.winners.includes(one.id) ? t.standing.in : t.standing.out}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
