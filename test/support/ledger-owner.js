/**
 * Runs inside workerd as the Worker that owns the real ledger: the built bundle, with three methods added
 * to the ledger's class that only tests can reach, since no gateway is bound to this class directly.
 */
import { KeyLedger as BuiltKeyLedger } from "./bundle.js";

export { default } from "./bundle.js";

/** Over the settings this Worker was started with, for every ledger object that starts from now on. */
const deployed = {};

export class KeyLedger extends BuiltKeyLedger {
  constructor(ctx, env) {
    super(ctx, { ...env, ...deployed });
  }

  /** What a deployment does to this object: it ends, and the next one starts with other settings. */
  deployForTest(settings) {
    Object.assign(deployed, settings);
    this.abortForTest();
  }

  /** Ends this object as a crash does: calls under way fail, memory and unwritten changes are lost. */
  abortForTest() {
    this.ctx.abort("The test restarted this ledger.");
  }

  querySqlForTest(sql) {
    return this.ctx.storage.sql.exec(sql).toArray();
  }
}
