/** The receipt check: one page that works by itself, against the log's key and the public record. */

import { useEffect, useState } from "preact/hooks";

import { countReceiptCheck, showReceiptChecks } from "../lib/api";
import { useTexts } from "../lib/i18n";
import { BadReceipt } from "../lib/receipt";
import { editionInAddress, findServices, type Services } from "../lib/services";
import type { EditionSummary, ReceiptChecks } from "../lib/views";
import { Finding } from "../ui/edition";
import { mount, Page } from "../ui/page";
import { Busy, Notice } from "../ui/parts";
import { common } from "../ui/texts";
import "./check.css";
import { examine, type Outcome } from "./examine";
import { digitsInAddress, readGiven } from "./given";
import { HandIn, Today } from "./handin";
import { keepOffline } from "./offline";
import { knowsALog } from "./memory";
import { OutcomeView } from "./outcome";
import { isUnreachable, pinServedLogs, type ServedLogs } from "./served";
import { texts } from "./texts";

function App() {
  const t = useTexts(texts);
  const [services, setServices] = useState<Services>();
  const [error, setError] = useState<unknown>();
  const find = () => {
    setError(undefined);
    findServices().then(setServices, setError);
  };
  useEffect(find, []);
  const links = services && { vote: `${services.ballot}/vote`, board: `${services.tally}/board` };
  return (
    <Page name="check" title={t.title} {...(links ? { links } : {})}>
      {!window.isSecureContext ? (
        <Notice kind="bad">{useTexts(common).insecure}</Notice>
      ) : services ? (
        <Check services={services} />
      ) : (
        <Finding error={error} again={find} />
      )}
    </Page>
  );
}

const IDLE_LIMIT_MS = 3000;
const FORGED: readonly string[] = ["signature", "proof", "edition"];

type Stage = { readonly outcome: Outcome } | "asking" | "checking";

function Check({ services }: { readonly services: Services }) {
  const t = useTexts(texts);
  const [text, setText] = useState(textInAddress);
  const [stage, setStage] = useState<Stage>("asking");
  const [{ editions, pinned }, setLogs] = useState<ServedLogs>({ editions: [], pinned: false });
  const [chosen, choose] = useState(editionInAddress);
  const [checks, setChecks] = useState<ReceiptChecks>();
  const edition = chosen ?? onlyEdition(editions);

  const check = async (given: string) => {
    setText(given);
    setStage("checking");
    const outcome = await examined(services, given, edition);
    setStage({ outcome });
    const counted = countable(outcome);
    if (counted) void countReceiptCheck(services, counted).then(setChecks, ignoreUnreachable);
  };
  useEffect(() => {
    void pinServedLogs(services).then(setLogs, ignoreUnreachable);
    void showReceiptChecks(services).then(setChecks, ignoreUnreachable);
    whenIdle(() => void preloadPictures());
    if (text) void check(text);
  }, []);
  useEffect(() => {
    const changed = () => {
      choose(editionInAddress());
      const linked = textInAddress();
      if (linked) void check(linked);
    };
    window.addEventListener("hashchange", changed);
    return () => window.removeEventListener("hashchange", changed);
  });

  if (stage === "checking") return <Busy>{t.checking}</Busy>;
  if (stage !== "asking") {
    const again = () => {
      setText("");
      setStage("asking");
    };
    return (
      <OutcomeView
        outcome={stage.outcome}
        edition={editionInAddress()}
        onRetry={() => void check(text)}
        onAgain={again}
      />
    );
  }
  return (
    <div class="stack-large">
      <div class="stack">
        <h1>{t.title}</h1>
        <p class="lead">{t.lead}</p>
      </div>
      <HandIn
        text={text}
        onText={setText}
        onCheck={(given) => void check(given)}
        editions={editions}
        edition={edition}
        onEdition={choose}
      />
      <Network pinned={pinned} />
      {checks && <Today verified={checks.verified} wrong={checks.wrong} />}
    </div>
  );
}

/** Whether the page and the logs' keys are kept on the device, and whether there is a network. */
function Network({ pinned }: { readonly pinned: boolean }) {
  const t = useTexts(texts);
  const [kept, setKept] = useState(false);
  const [known, setKnown] = useState(false);
  const [online, setOnline] = useState(navigator.onLine);
  useEffect(() => void knowsALog().then(setKnown), [pinned]);
  useEffect(() => {
    whenIdle(() => void keepOffline().then(setKept));
    const look = () => setOnline(navigator.onLine);
    window.addEventListener("online", look);
    window.addEventListener("offline", look);
    return () => {
      window.removeEventListener("online", look);
      window.removeEventListener("offline", look);
    };
  }, []);
  return (
    <p class="status" role="status">
      {kept && pinned && online && <span class="tag good">{t.offlineReady}</span>}
      {!online && <span class="tag warn">{known ? t.noNetwork : t.noNetworkNoKey}</span>}
    </p>
  );
}

async function examined(
  services: Services,
  text: string,
  edition: string | undefined,
): Promise<Outcome> {
  try {
    return await examine(services, readGiven(text), edition);
  } catch (error) {
    if (error instanceof BadReceipt) return { kind: "wrong", fault: error.fault };
    throw error;
  }
}

/** A receipt's link in the page's address, which it is taken out of: it is nobody else's affair. */
function textInAddress(): string {
  const digits = digitsInAddress();
  if (digits === undefined) return "";
  history.replaceState(null, "", location.pathname);
  return `#r=${digits}`;
}

function onlyEdition(editions: readonly EditionSummary[]): string | undefined {
  const open = editions.filter((one) => one.phase === "open");
  return (open.length === 1 ? open : editions.length === 1 ? editions : [])[0]?.edition;
}

/** How a check counts; a slip of whoever pasted or typed says nothing about receipts. */
function countable(outcome: Outcome): "verified" | "wrong" | undefined {
  if (outcome.kind === "verified") return "verified";
  const forged = outcome.kind === "wrong" && FORGED.includes(outcome.fault);
  return forged || outcome.kind === "contradicted" ? "wrong" : undefined;
}

/** What reads pictures is fetched ahead, so that it is there when the network is not. */
async function preloadPictures(): Promise<void> {
  await Promise.all([import("./decode"), import("./camera")]).catch(() => undefined);
}

/** Later, when the page stands and nothing else is to be done. */
function whenIdle(work: () => void): void {
  if ("requestIdleCallback" in window) requestIdleCallback(work, { timeout: IDLE_LIMIT_MS });
  else setTimeout(work, IDLE_LIMIT_MS);
}

function ignoreUnreachable(error: unknown): void {
  if (!isUnreachable(error)) throw error;
}

mount(<App />);
