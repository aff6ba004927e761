/** Addresses of datagrams, and whether what two ends say of one agrees. Reads decoded values, no bytes. */
import type { ArgValue } from "../types.js";
import type { Address, Received, Sent } from "./types.js";

type Fields = { readonly [name: string]: ArgValue };

/** Hosts that stand for any address of the machine. */
const ANY = /^(0\.0\.0\.0|::|::ffff:0\.0\.0\.0)$/;

/** null: none, or not one that says where something is. */
export function addressIn(fields: Fields | null): Address | null {
  if (fields === null || "status" in fields) return null;
  if (typeof fields.sun_path === "string") {
    const name = fields.sun_path_bytes ?? fields.sun_path;
    return name === "" ? null : { host: `${name}`, port: null };
  }
  const host = fields.sin_addr ?? fields.sin6_addr;
  const port = fields.sin_port ?? fields.sin6_port;
  if (typeof host !== "string" || typeof port !== "number" || port === 0) return null;
  return { host: ANY.test(host) ? null : host.replace(/^::ffff:(?=\d+\.)/, ""), port };
}

function disagree(one: Address | null, other: Address | null): boolean {
  if (one === null || other === null) return false;
  if (one.port !== other.port) return true;
  return one.host !== null && other.host !== null && one.host !== other.host;
}

/** Another socket sent it than the received source says, or it was sent to another address than it came in at. */
export function isElsewhere(sent: Sent, received: Received): boolean {
  return (
    disagree(sent.route?.from ?? null, received.route?.from ?? null) ||
    disagree(sent.route?.to ?? null, received.route?.to ?? null)
  );
}
