/**
 * What this device keeps, in IndexedDB: logs and their pinned keys, voters, and settings of pages.
 *
 * One database for all pages of an origin, so that the receipt check knows the key that the voting
 * page pinned. Values are structured clones: `CryptoKey` and `Uint8Array` may be in them.
 */

const DATABASE = "huimin";
const VERSION = 1;
const STORES = ["logs", "voters", "kept"] as const;

/** `logs`: by origin; `voters`: by edition; `kept`: anything else, by a name of the page's own. */
export type StoreName = (typeof STORES)[number];

/** The device keeps nothing: private mode of some browsers, or storage that is full or broken. */
export class NoStorage extends Error {
  override name = "NoStorage";
}

let opened: Promise<IDBDatabase> | undefined;

/** The value under this key; throws `NoStorage`. */
export async function load<T>(store: StoreName, key: string): Promise<T | undefined> {
  return run(store, "readonly", (objects) => objects.get(key)) as Promise<T | undefined>;
}

/** All keys of a store; throws `NoStorage`. */
export async function keys(store: StoreName): Promise<string[]> {
  return (await run(store, "readonly", (objects) => objects.getAllKeys())) as string[];
}

/** Saves before it returns, or throws `NoStorage`. */
export async function save(store: StoreName, key: string, value: unknown): Promise<void> {
  await run(store, "readwrite", (objects) => objects.put(value, key));
}

export async function forget(store: StoreName, key: string): Promise<void> {
  await run(store, "readwrite", (objects) => objects.delete(key));
}

/**
 * Replaces a value by what `change` makes of it, in one transaction: two tabs cannot overwrite one
 * another's step. `change` must not wait for anything; what it throws leaves the value as it was.
 * What is under the key `dropped` is forgotten with it.
 */
export async function update<T>(
  store: StoreName,
  key: string,
  change: (value: T | undefined) => T,
  dropped?: string,
): Promise<T> {
  const database = await open();
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(store, "readwrite", { durability: "strict" });
    const objects = transaction.objectStore(store);
    let changed: T;
    let thrown: unknown;
    const read = objects.get(key);
    read.onsuccess = () => {
      try {
        changed = change(read.result as T | undefined);
        objects.put(changed, key);
        if (dropped !== undefined) objects.delete(dropped);
      } catch (error) {
        thrown = error;
        transaction.abort();
      }
    };
    transaction.oncomplete = () => resolve(changed);
    transaction.onabort = () => reject(thrown ?? noStorage(transaction.error));
  });
}

async function run(
  store: StoreName,
  mode: IDBTransactionMode,
  ask: (objects: IDBObjectStore) => IDBRequest,
): Promise<unknown> {
  const database = await open();
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(store, mode, { durability: "strict" });
    const asked = ask(transaction.objectStore(store));
    transaction.oncomplete = () => resolve(asked.result);
    transaction.onabort = () => reject(noStorage(transaction.error));
  });
}

function open(): Promise<IDBDatabase> {
  opened ??= new Promise<IDBDatabase>((resolve, reject) => {
    if (!globalThis.indexedDB) throw noStorage(null);
    const asked = indexedDB.open(DATABASE, VERSION);
    asked.onupgradeneeded = () => {
      for (const name of STORES) asked.result.createObjectStore(name);
    };
    asked.onsuccess = () => {
      asked.result.onclose = () => (opened = undefined);
      resolve(asked.result);
    };
    asked.onerror = () => reject(noStorage(asked.error));
  }).catch((error: unknown) => {
    opened = undefined;
    throw error;
  });
  return opened;
}

function noStorage(why: DOMException | null): NoStorage {
  return new NoStorage(why ? `${why.name}: ${why.message}` : "there is no IndexedDB");
}
