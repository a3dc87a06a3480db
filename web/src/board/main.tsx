import { useEffect } from "preact/hooks";

import { useLanguage, useTexts } from "../lib/i18n";
import { EditionChooser, Finding, useEdition } from "../ui/edition";
import { mount, Page } from "../ui/page";
import { common } from "../ui/texts";
import "./board.css";
import { Dashboard } from "./dashboard";

/** Nobody stands at the screen in city hall to press a button. */
const TRY_AGAIN_S = 5;

function App() {
  const t = useTexts(common);
  useLanguage();
  const { found, error, again } = useEdition();
  useEffect(() => {
    if (error === undefined) return undefined;
    const timer = setTimeout(again, TRY_AGAIN_S * 1000 * (0.5 + Math.random()));
    return () => clearTimeout(timer);
  }, [error]);
  const edition = found?.edition;
  const links = found && edition ? pageLinks(found.services.ballot, edition) : {};
  return (
    <Page name="board" title={t.board} links={links} wide>
      {!found && <Finding error={error} again={again} />}
      {found && !edition && <EditionChooser editions={found.editions} />}
      {found && edition && (
        <Dashboard
          key={edition}
          services={found.services}
          edition={edition}
          editions={found.editions}
        />
      )}
    </Page>
  );
}

function pageLinks(ballotBox: string, edition: string) {
  return { vote: `${ballotBox}/vote#${edition}`, check: `${ballotBox}/check` };
}

mount(<App />);
