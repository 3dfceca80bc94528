/** GitHub's side of secret scanning: a key pair, the address that serves the public keys, and signed messages. */
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export interface Match {
  readonly token: string;
  readonly type?: string;
  readonly url?: string;
  readonly source?: string;
}

interface SigningKey {
  readonly id: string;
  readonly publicPem: string;
  readonly privateKey: KeyObject;
}

export class ScanningKeys {
  readonly url: string;
  /** Requests for the public keys. */
  fetches = 0;
  /** What is answered instead of the keys. */
  failure: number | null = null;
  /** Bytes of white space that are answered before the keys. */
  padding = 0;
  readonly #server: Server;
  #keys: SigningKey[] = [newKey()];

  static async start(): Promise<ScanningKeys> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new ScanningKeys(server);
  }

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`;
    server.on("request", (_, response) => {
      this.fetches += 1;
      if (this.failure !== null) return response.writeHead(this.failure).end();
      const public_keys = this.#keys.map(({ id, publicPem }, index) => ({
        key_identifier: id,
        key: publicPem,
        is_current: index === 0,
      }));
      return response.writeHead(200).end(" ".repeat(this.padding) + JSON.stringify({ public_keys }));
    });
  }

  /** A new key signs; the old one is served as well. */
  rotate(): void {
    this.#keys = [newKey(), ...this.#keys];
  }

  /** The body and its headers, signed by the newest key. */
  signed(matches: readonly Match[] | string): { body: string; headers: [string, string][] } {
    const [key] = this.#keys as [SigningKey];
    const body =
      typeof matches === "string"
        ? matches
        : JSON.stringify(matches.map((match) => ({ type: "octopost_api_key", source: "content", ...match })));
    return {
      body,
      headers: [
        ["Content-Type", "application/json"],
        ["Github-Public-Key-Identifier", key.id],
        ["Github-Public-Key-Signature", sign("sha256", Buffer.from(body), key.privateKey).toString("base64")],
      ],
    };
  }

  async close(): Promise<void> {
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

function newKey(): SigningKey {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const publicPem = publicKey.export({ type: "spki", format: "pem" }).toString();
  return { id: randomBytes(32).toString("hex"), publicPem, privateKey };
}
