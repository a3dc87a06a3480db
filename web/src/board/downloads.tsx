/** What can be taken along: figures, the ranking as a picture, every counted ballot. */

import { inLanguage, language, textsIn, useTexts } from "../lib/i18n";
import type { Services } from "../lib/services";
import type { EditionView, TallySnapshot } from "../lib/views";
import { toCsv } from "./csv";
import { drawPicture } from "./picture";
import { rank } from "./ranking";
import { percent } from "./side";
import { board } from "./texts";
import type { TurnoutRow } from "./turnout";
import { ballotsFileUrl } from "./views";

interface Props {
  readonly services: Services;
  readonly edition: string;
  readonly view: EditionView | undefined;
  readonly snapshot: TallySnapshot;
  readonly rows: readonly TurnoutRow[];
}

export function Downloads({ services, edition, view, snapshot, rows }: Props) {
  const t = useTexts(board);
  const counted = view && snapshot.counts?.length ? { view, snapshot } : undefined;
  return (
    <section class="card downloads">
      {(counted || rows.length > 0) && <h2>{t.downloads}</h2>}
      <div class="row" hidden={!counted && rows.length === 0}>
        {counted && (
          <>
            <SaveButton name={`${edition}.csv`} label={t.csvCounts} make={() => countsCsv(counted)} />
            <SaveButton name={`${edition}.png`} label={t.png} make={() => picture(counted)} />
            <a class="button" href={ballotsFileUrl(services, edition)} download={`${edition}.pb`}>
              {t.pb}
            </a>
          </>
        )}
        {rows.length > 0 && (
          <SaveButton
            name={`${edition}-turnout.csv`}
            label={t.csvTurnout}
            make={() => turnoutCsv(rows)}
          />
        )}
      </div>
      {counted && <p class="muted small">{t.pbHint}</p>}
      <h2>{t.check}</h2>
      <p class="muted">{t.checkHow}</p>
    </section>
  );
}

interface SaveProps {
  readonly name: string;
  readonly label: string;
  readonly make: () => Blob | Promise<Blob>;
}

function SaveButton({ name, label, make }: SaveProps) {
  const save = async () => {
    const url = URL.createObjectURL(await make());
    const link = document.createElement("a");
    link.href = url;
    link.download = name;
    link.click();
    // The browser has the blob by then; at once would be too early for some.
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  };
  return (
    <button type="button" class="button" onClick={save}>
      {label}
    </button>
  );
}

interface Counted {
  readonly view: EditionView;
  readonly snapshot: TallySnapshot;
}

function countsCsv({ view, snapshot }: Counted): Blob {
  const t = textsIn(board);
  const shown = language();
  const initiatives = new Map(view.initiatives.map((one) => [one.id, one]));
  const standing = snapshot.result ? t.standing : t.standingNow;
  const ranking = rank(snapshot.counts ?? [], view.manifest.seats, snapshot.result);
  const lines = ranking.rows.map((row) => {
    const one = initiatives.get(row.id);
    const texts = one ? [inLanguage(one.title, shown), inLanguage(one.department, shown)] : ["", ""];
    const share = percent(row.ballots / Math.max(1, snapshot.voters));
    return [row.rank, row.id, ...texts, row.ballots, share, standing[row.standing]];
  });
  return csv([[t.place, "id", t.initiative, t.department, t.count, t.share, t.now], ...lines]);
}

function turnoutCsv(rows: readonly TurnoutRow[]): Blob {
  const t = textsIn(board);
  const lines = rows.map((row) => [
    new Date(row.from).toISOString(),
    row.voters,
    row.ballots,
    row.total,
  ]);
  return csv([[t.hour, t.hourVoters, t.hourBallots, t.hourTotal], ...lines]);
}

function csv(rows: readonly (readonly (string | number)[])[]): Blob {
  return new Blob([toCsv(rows)], { type: "text/csv;charset=utf-8" });
}

function picture({ view, snapshot }: Counted): Promise<Blob> {
  const canvas = drawPicture(view, snapshot);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("no picture"))), "image/png");
  });
}
