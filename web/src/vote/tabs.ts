/** One tab at a time goes on with an edition's vote; another one may take over. */

const held = new Set<string>();

/**
 * Whether this tab may go on: it may unless another one does. `force` takes over from that one;
 * `lost` is called when this tab loses its place. Browsers without Web Locks have only the check
 * on saving (`Overtaken`), which is enough to lose nothing.
 */
export function takePlace(edition: string, force: boolean, lost: () => void): Promise<boolean> {
  if (!navigator.locks || held.has(edition)) return Promise.resolve(true);
  const options = force ? { steal: true } : { ifAvailable: true };
  return new Promise((resolve) => {
    navigator.locks
      .request(`huimin-vote-${edition}`, options, (lock) => {
        resolve(lock !== null);
        if (!lock) return undefined;
        held.add(edition);
        // Held until the tab is closed, or another one takes it.
        return new Promise<never>(() => undefined);
      })
      .catch(() => {
        held.delete(edition);
        lost();
      });
  });
}
