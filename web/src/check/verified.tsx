/** A good receipt: what is known of the ballot, what that proves, and what to compare by eye. */

import type { ComponentChildren } from "preact";

import { toHex } from "../lib/bytes";
import { formatNumber, formatTime, inLanguage, useLanguage, useTexts } from "../lib/i18n";
import type { Checkpoint } from "../lib/log/checkpoint";
import { isBallot } from "../lib/receipt";
import { CopyButton, Facts, Notice } from "../ui/parts";
import type { Verified } from "./examine";
import { Verdict } from "./outcome";
import { texts } from "./texts";

interface Props {
  readonly verified: Verified;
  readonly edition: string | undefined;
}

export function VerifiedOutcome({ verified, edition }: Props) {
  const t = useTexts(texts);
  const { receipt, now, notNow, event } = verified;
  const said = !receipt ? t.good.code : event && isBallot(event) ? t.good.ballot : t.good.entry;
  return (
    <>
      <Verdict kind={now ? "good" : "warn"} title={t.good.title}>
        <p class="lead">
          <strong>{said}</strong>
        </p>
        {notNow && (
          <Notice kind="warn" title={t.good.notNow}>
            <p>{t.good.notNowWhy[notNow]}</p>
          </Notice>
        )}
        {edition !== undefined && edition !== verified.edition && (
          <Notice kind="warn">{t.good.otherVote}</Notice>
        )}
        <EntryFacts verified={verified} />
      </Verdict>
      <Meaning verified={verified} />
      <Compare verified={verified} />
    </>
  );
}

function EntryFacts({ verified }: Pick<Props, "verified">) {
  const t = useTexts(texts).facts;
  const shown = useLanguage();
  const { event, title, receipt, now } = verified;
  const facts: [string, ComponentChildren][] = [
    [t.vote, title ? inLanguage(title, shown) : <span class="mono">{verified.edition}</span>],
    [t.code, verified.code],
    [t.entry, t.entryValue(formatNumber(verified.index))],
  ];
  if (event && isBallot(event)) {
    const hour = formatTime(event.hour, { dateStyle: "long", timeStyle: "short" });
    facts.push([t.cast, t.castValue(hour)], [t.seq, t.seqValue(event.seq)]);
  } else if (event) {
    facts.push([t.what, t.milestone]);
  }
  const [then, today] = [receipt, now].map((one) => one && formatNumber(one.size));
  if (then && today) facts.push([t.sizes, t.grown(then, today)]);
  else if (then) facts.push([t.sizes, t.then(then)]);
  else if (today) facts.push([t.sizes, t.nowOnly(today)]);
  return <Facts facts={facts} />;
}

function Meaning({ verified }: Pick<Props, "verified">) {
  const t = useTexts(texts);
  const { receipt, now } = verified;
  const proves = receipt
    ? [t.provesList.kept, now && t.provesList.grown, t.provesList.signed]
    : [t.provesList.code];
  const not = t.provesNotList;
  const provesNot = [!receipt && not.time, not.choices, not.last, not.count, not.view];
  return (
    <section class="card stack">
      <div class="meaning">
        <div class="stack">
          <h2>{t.proves}</h2>
          <ul class="ticks yes">{proves.map((one) => one && <li key={one}>{one}</li>)}</ul>
        </div>
        <div class="stack">
          <h2>{t.provesNot}</h2>
          <ul class="ticks no">{provesNot.map((one) => one && <li key={one}>{one}</li>)}</ul>
        </div>
      </div>
      <Notice kind="info">{t.privacy}</Notice>
    </section>
  );
}

function Compare({ verified }: Pick<Props, "verified">) {
  const t = useTexts(texts).key;
  const { verifier, keySince, receipt, now } = verified;
  const roots = [receipt, now].filter((one): one is Checkpoint => one !== undefined);
  const sizes = new Map(roots.map((one) => [one.size, one]));
  return (
    <details class="card details">
      <summary>{t.title}</summary>
      <div class="stack">
        <p>{t.explain}</p>
        <p>{keySince === undefined ? t.unknown : t.known(formatTime(keySince, { dateStyle: "long" }))}</p>
        <Facts
          facts={[
            [t.log, <span class="mono">{verifier.name}</span>],
            [t.fingerprint, <Grouped hex={toHex(verifier.publicKey)} />],
            ...[...sizes.values()].map(
              (one) => [t.root(formatNumber(one.size)), <Grouped hex={toHex(one.root)} />] as const,
            ),
            [t.vkey, <span class="mono">{verifier.vkey}</span>],
          ]}
        />
        <CopyButton text={verifier.vkey} label={t.copy} />
      </div>
    </details>
  );
}

/** 32 bytes in groups of four digits, so that two people can read them to each other. */
function Grouped({ hex }: { readonly hex: string }) {
  return (
    <span class="mono groups">
      {(hex.match(/.{4}/g) ?? []).map((group, i) => (
        <span key={i}>{group} </span>
      ))}
    </span>
  );
}
