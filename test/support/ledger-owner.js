/**
 * Runs inside workerd as the Worker that owns the real ledger: the built bundle, plus three methods on the ledger's class
 * that only tests can call, because no gateway is bound to this class directly.
 */
import { KeyLedger as BuiltKeyLedger } from "./bundle.js";

export { default } from "./bundle.js";

/** Overrides the Worker's settings for every ledger object that starts later. */
const deployed = {};

export class KeyLedger extends BuiltKeyLedger {
  constructor(ctx, env) {
    super(ctx, { ...env, ...deployed });
  }

  /** Like a deployment: this object ends, and the next one starts with other settings. */
  deployForTest(settings) {
    Object.assign(deployed, settings);
    this.abortForTest();
  }

  /** Like a crash: pending calls fail; memory and unwritten changes are lost. */
  abortForTest() {
    this.ctx.abort("The test restarted this ledger.");
  }

  querySqlForTest(sql) {
    return this.ctx.storage.sql.exec(sql).toArray();
  }
}
