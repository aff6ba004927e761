/** The catalogue's numbers beside those of this machine's headers, where it has them. */
import { existsSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { MUXES } from "../../src/catalog/abi.js";
import { EVENTS } from "../../src/catalog/events.js";
import type { Abi } from "../../src/catalog/types.js";
import { headerNumbers } from "../support/headers.js";
import { live } from "../support/live.js";

const HEADER_DIRS = ["/usr/include/x86_64-linux-gnu/", "/usr/include/"];

/** Where the headers have a name of their own: the ia32 table calls the 64-bit time calls `_time64`. */
const IA32_NAMES: Readonly<Record<string, string>> = {
  mq_timedsend: "mq_timedsend_time64",
  mq_timedreceive: "mq_timedreceive_time64",
  recvmmsg: "recvmmsg_time64",
  mq_timedsend_time32: "mq_timedsend",
  mq_timedreceive_time32: "mq_timedreceive",
  recvmmsg_time32: "recvmmsg",
};

const test = suite("catalogue: numbers");

function checkHeader(abi: Abi, header: string, names: Readonly<Record<string, string>>): void {
  if (!HEADER_DIRS.some((dir) => existsSync(dir + header))) {
    console.log(`skipped: ${abi} numbers (missing: ${header})`);
    test.skip(`${abi} numbers are those of ${header}`);
    return;
  }
  live(test, `${abi} numbers are those of ${header}`, ["gcc"], () => {
    const macro = (name: string) => `__NR_${names[name] ?? name}`;
    const own = Object.fromEntries(EVENTS.map((event) => [macro(event.name), event.numbers[abi] ?? null]));
    assert.equal(headerNumbers([header], Object.keys(own)), own);
  });
}

checkHeader("x86_64", "asm/unistd_64.h", {});

live(test, "x32 numbers are those of asm/unistd_x32.h", ["gcc"], () => {
  const X32_BIT = 0x40000000;
  const ofX86_64 = EVENTS.filter((event) => event.numbers.x86_64 !== undefined);
  const own = Object.fromEntries(
    ofX86_64.map((event) => [`__NR_${event.name}`, (event.x32 ?? event.numbers.x86_64 ?? 0) + X32_BIT]),
  );
  assert.equal(headerNumbers(["asm/unistd.h", "asm/unistd_x32.h"], Object.keys(own)), own);
});

checkHeader("ia32", "asm/unistd_32.h", IA32_NAMES);
// arm64 has the generic table; under its name for 32-bit machines it would have more.
checkHeader("arm64", "asm-generic/unistd.h", {});

live(test, "the multiplexers and their calls are those of the headers", ["gcc"], () => {
  const names = { sendmsg: 16, recvmsg: 17, recvmmsg_time32: 19, sendmmsg: 20 };
  const calls = EVENTS.flatMap((event) =>
    event.muxes.filter(({ mux }) => mux === "socketcall").map(({ call }) => [event.name, call]),
  );
  assert.equal(Object.fromEntries(calls), names);
  const own = headerNumbers(
    ["asm/unistd_32.h", "linux/net.h", "linux/ipc.h"],
    ["__NR_ipc", "__NR_socketcall", "SYS_SENDMSG", "SYS_RECVMSG", "SYS_RECVMMSG", "SYS_SENDMMSG"].concat(
      "MSGSND",
      "MSGRCV",
      "MSGGET",
      "MSGCTL",
    ),
  );
  assert.equal(own, {
    __NR_ipc: MUXES.find(({ mux }) => mux === "ipc")?.number,
    __NR_socketcall: MUXES.find(({ mux }) => mux === "socketcall")?.number,
    SYS_SENDMSG: 16,
    SYS_RECVMSG: 17,
    SYS_RECVMMSG: 19,
    SYS_SENDMMSG: 20,
    MSGSND: muxCall("msgsnd"),
    MSGRCV: muxCall("msgrcv"),
    MSGGET: muxCall("msgget"),
    MSGCTL: muxCall("msgctl"),
  });
});

function muxCall(name: string): number | undefined {
  return EVENTS.find((event) => event.name === name)?.muxes[0]?.call;
}

test.run();
