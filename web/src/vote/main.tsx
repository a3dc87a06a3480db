/** The voting page: finds the edition, then leads a voter from "who are you" to "counted". */

import { useTexts } from "../lib/i18n";
import { takeCounterCode } from "../lib/services";
import { EditionChooser, Finding, useEdition } from "../ui/edition";
import { mount, Page } from "../ui/page";
import { texts } from "./texts";
import "./vote.css";
import { Voting } from "./voting";

// Before anything is asked, and again when a slip is scanned into an open tab.
let slip = takeCounterCode();
addEventListener("hashchange", () => (slip = takeCounterCode() || slip));

function App() {
  const t = useTexts(texts);
  const { found, error, again } = useEdition();
  if (found?.edition) {
    return <Voting key={found.edition} {...found} edition={found.edition} slip={slip} />;
  }
  return (
    <Page name="vote" title={t.page}>
      {found ? <EditionChooser editions={found.editions} /> : <Finding error={error} again={again} />}
    </Page>
  );
}

mount(<App />);
