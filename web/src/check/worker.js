// Keeps the receipt check on the device, so that it opens and works without a network.
//
// The page itself comes from the network whenever that answers; files named by their contents come
// from here. Requests to services are none of its business.

const KEPT = "huimin-check";
const PAGE = "/check";
const FILES = [/* FILES */];

self.addEventListener("install", (event) => {
  event.waitUntil(keepAll().then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(forgetOthers().then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const { method, url } = event.request;
  const { origin, pathname } = new URL(url);
  if (method !== "GET" || origin !== location.origin) return;
  if (pathname === PAGE || pathname === "/services.json") event.respondWith(newest(pathname));
  else if (FILES.includes(pathname)) event.respondWith(kept(pathname));
});

async function keepAll() {
  const cache = await caches.open(KEPT);
  // Files named by their contents may come from the browser's own cache: the page just loaded them.
  const fresh = [PAGE, "/services.json"].map((path) => new Request(path, { cache: "reload" }));
  await cache.addAll([...fresh, ...FILES]);
}

async function forgetOthers() {
  const cache = await caches.open(KEPT);
  for (const request of await cache.keys()) {
    const { pathname } = new URL(request.url);
    if (![PAGE, "/services.json", ...FILES].includes(pathname)) await cache.delete(request);
  }
}

async function newest(path) {
  const cache = await caches.open(KEPT);
  try {
    const response = await fetch(path);
    if (response.ok) await cache.put(path, response.clone());
    return response;
  } catch (error) {
    const response = await cache.match(path);
    if (response) return response;
    throw error;
  }
}

async function kept(path) {
  const cache = await caches.open(KEPT);
  return (await cache.match(path)) ?? fetch(path);
}
