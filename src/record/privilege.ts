/**
 * A recording's right to look at everything: given up when the probes are in place, and left with a keeper for the few
 * things that go on needing it. Or not given up, where we have none, or are to keep it.
 */
import { type DropUser, dropTo, dropUser, findUser, notGivenUp, whyNotCounted } from "./drop.js";
import { hostFacts, type TaskFactsSource } from "./names.js";
import type { Command } from "./native-command.js";
import type { NativeInventory } from "./native-inventory.js";
import { Keeper } from "./native-keeper.js";
import type { Tape } from "./native-tape.js";
import type { Setup } from "./setup.js";
import type { OwnedSink } from "./sink.js";

export interface Wielded {
  readonly source: NativeInventory;
  readonly command: Command | null;
  readonly output: Pick<OwnedSink, "giveTo" | "place">;
}

export class Privilege {
  /** Whom to become; null: nobody. */
  readonly user: DropUser | null;
  readonly #isAsked: boolean;
  #keeper: Keeper | null = null;

  private constructor(user: DropUser | null, isAsked: boolean) {
    this.user = user;
    this.#isAsked = isAsked;
  }

  /** `dropTo`: whom the user named; null: nobody. Throws RecordError. */
  static of(dropTo: string | null): Privilege {
    const invoker = { uid: process.getuid?.() ?? null, env: process.env, find: findUser };
    return new Privilege(dropUser(dropTo, invoker), dropTo !== null);
  }

  /** Starts the keeper, while we are root and nothing is recorded yet: the setup given back leaves it out. */
  prepare(setup: Setup, { source, command, output }: Wielded): Setup {
    if (this.user === null) return setup;
    this.#keeper = Keeper.start({
      holders: source.holders,
      command: command?.pointer ?? null,
      output: output.place,
    });
    return setup.without(this.#keeper.pid);
  }

  /** Throws RecordError. Where only root may count losses it stays root unless it is asked to: the answer says why. */
  drop(tape: Tape, { source, command, output }: Wielded): string | null {
    const keeper = this.#keeper;
    if (this.user === null || keeper === null) return null;
    const why = whyNotCounted(this.user, tape);
    if (why !== null && this.#isAsked) throw notGivenUp(why);
    if (why !== null) return `${why}: root is not given up`;
    output.giveTo(this.user.uid, this.user.gid);
    dropTo(this.user);
    keeper.pace(tape.pointer);
    source.lookThrough(keeper.pointer);
    command?.signalThrough((signal) => keeper.signal(signal));
    return null;
  }

  /** What /proc says of tasks, by whoever may look. */
  facts(): TaskFactsSource {
    const keeper = this.#keeper;
    return hostFacts(keeper === null ? undefined : (tgid, ticks) => keeper.facts(tgid, ticks));
  }

  /** The output stays from now on, whatever happens. */
  keepOutput(): void {
    this.#keeper?.keepOutput();
  }

  /** Takes an output away that is not kept: we may have no right to any more. */
  close(): void {
    this.#keeper?.close();
  }
}
