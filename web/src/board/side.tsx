/** Figures: people, ballots, the log; and whether they are verified and new. */

import { formatNumber, formatTime, useLanguage, useTexts } from "../lib/i18n";
import type { TallySnapshot } from "../lib/views";
import { shortRoot, statedHead } from "./checkpoint";
import type { Freshness } from "./freshness";
import { Both, useHall } from "./hall";
import { board, type BoardTexts } from "./texts";

export function Figures({ snapshot }: { readonly snapshot: TallySnapshot }) {
  const t = useTexts(board);
  const hall = useHall();
  const { voters, ballots, roll_size: roll } = snapshot;
  return (
    <section class="card figures" aria-label={t.voters}>
      <div class="figure-large">
        <p class="figure-name">
          <Both of={(t) => t.voters} />
        </p>
        <p class="figure-value number" data-testid="voters">
          {formatNumber(voters)}
        </p>
        {roll !== null && roll > 0 && (
          <p class="figure-note">
            <Both of={(t) => t.ofRoll(percent(voters / roll), roll)} />
          </p>
        )}
      </div>
      <div class="figure">
        <p class="figure-name">
          <Both of={(t) => t.ballots} />
        </p>
        <p class="figure-value number" data-testid="ballots">
          {formatNumber(ballots)}
        </p>
        {!hall && <p class="figure-note">{t.ballotsHint}</p>}
      </div>
    </section>
  );
}

/** The state of verification in one line. */
export function State({ fresh }: { readonly fresh: Freshness }) {
  const kind = { live: "good", "catching-up": "warn", late: "warn", contradiction: "bad" } as const;
  return (
    <span class={`tag state ${kind[fresh.kind]}`} data-state={fresh.kind}>
      <span class="state-sign" aria-hidden="true">
        {{ live: "✓", "catching-up": "…", late: "!", contradiction: "✕" }[fresh.kind]}
      </span>
      <span>
        <Both of={(t) => stateText(t, fresh)} />
      </span>
    </span>
  );
}

function stateText(t: BoardTexts, fresh: Freshness): string {
  switch (fresh.kind) {
    case "live":
      return t.live;
    case "contradiction":
      return t.contradiction;
    case "late":
      return t.late(fresh.lateS);
    case "catching-up": {
      const left = t.catchingUp(fresh.behind);
      return fresh.lateS === undefined ? left : `${left} · ${t.late(fresh.lateS)}`;
    }
  }
}

/** What ties the figures to the log. */
export function Trust({ snapshot, fresh }: { snapshot: TallySnapshot; fresh: Freshness }) {
  const t = useTexts(board);
  const shown = useLanguage();
  const hall = useHall();
  const head = statedHead(snapshot.checkpoint);
  return (
    <section class="card trust" aria-label={t.status}>
      <dl>
        <div>
          <dt>
            <Both of={(t) => t.logSize} />
          </dt>
          <dd class="number" data-testid="log-size">
            {formatNumber(snapshot.size + snapshot.behind)}
          </dd>
        </div>
        <div>
          <dt>
            <Both of={(t) => t.checkpoint} />
          </dt>
          <dd class="mono" title={head?.root}>
            {head ? shortRoot(head.root) : <Both of={(t) => t.noCheckpoint} />}
          </dd>
        </div>
      </dl>
      {!hall && (
        <div class="muted small">
          {fresh.kind !== "contradiction" && <p>{fresh.kind === "live" ? t.liveHint : t.lateHint}</p>}
          {head && <p>{t.checkpointHint}</p>}
          <p>{t.asOf(formatTime(snapshot.time, { dateStyle: "medium", timeStyle: "medium" }, shown))}</p>
        </div>
      )}
    </section>
  );
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(share < 0.1 ? 1 : 0)}%`;
}
