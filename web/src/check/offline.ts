/** Keeps this page on the device, so that it opens and works without a network. */

/** Resolves when all of the page is kept; false where the browser keeps none, such as private mode. */
export async function keepOffline(): Promise<boolean> {
  if (!navigator.serviceWorker) return false;
  try {
    await navigator.serviceWorker.register("/check-worker.js", { scope: "/check" });
    await navigator.serviceWorker.ready;
    return true;
  } catch {
    return false;
  }
}
