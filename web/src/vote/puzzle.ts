/**
 * The registrar's puzzles: ALTCHA proof of work, version 2, solved in a worker of its own.
 *
 * A puzzle is found by trying: derive a key by PBKDF2 from nonce and counter until it starts with
 * the prefix. What a registrar may ask of a voter's device is bounded here.
 */

const LONGEST_S = 90;
const MOST_ITERATIONS = 1_000_000;
const ALGORITHMS = ["PBKDF2/SHA-256", "PBKDF2/SHA-384", "PBKDF2/SHA-512"];

/** The kind of work, its cost, and what a key must begin with, in hex. */
export interface PuzzleParameters {
  readonly algorithm: string;
  readonly nonce: string;
  readonly salt: string;
  readonly cost: number;
  readonly keyLength: number;
  readonly keyPrefix: string;
}

export interface PuzzleSolution {
  readonly counter: number;
  readonly derivedKey: string;
}

/** The puzzle is none that is solved here, or took too long. */
export class Unsolved extends Error {
  override name = "Unsolved";
}

/** The solution of a puzzle as it is sent along; `puzzle` is the registrar's answer. */
export async function solvePuzzle(puzzle: unknown): Promise<string> {
  const parameters = parametersOf(puzzle);
  const worker = new Worker(new URL("./puzzle-worker.ts", import.meta.url), { type: "module" });
  try {
    const solution = await new Promise<PuzzleSolution>((resolve, reject) => {
      worker.onmessage = (message: MessageEvent<PuzzleSolution>) => resolve(message.data);
      worker.onerror = () => reject(new Unsolved("the worker failed"));
      setTimeout(() => reject(new Unsolved(`not solved in ${LONGEST_S} s`)), LONGEST_S * 1000);
      worker.postMessage(parameters);
    });
    return btoa(JSON.stringify({ challenge: puzzle, solution }));
  } finally {
    worker.terminate();
  }
}

function parametersOf(puzzle: unknown): PuzzleParameters {
  const given = (puzzle as { readonly parameters?: Partial<PuzzleParameters> } | null)?.parameters;
  const { algorithm, nonce, salt, cost, keyLength = 32, keyPrefix = "00" } = given ?? {};
  const hex = [nonce, salt].every((one) => typeof one === "string" && /^([0-9a-f]{2}){1,64}$/.test(one));
  const bounded =
    Number.isInteger(cost) && 1 <= (cost as number) && (cost as number) <= MOST_ITERATIONS;
  if (!hex || !bounded || !ALGORITHMS.includes(algorithm ?? "")) {
    throw new Unsolved("the registrar's puzzle is of an unknown kind");
  }
  if (!/^[0-9a-f]{1,8}$/.test(keyPrefix) || !(1 <= keyLength && keyLength <= 64)) {
    throw new Unsolved("the registrar's puzzle asks for too much");
  }
  return { algorithm, nonce, salt, cost, keyLength, keyPrefix } as PuzzleParameters;
}
