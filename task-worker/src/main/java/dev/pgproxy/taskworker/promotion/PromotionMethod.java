package dev.pgproxy.taskworker.promotion;

import dev.pgproxy.common.config.ProxyConfig;

/** How a standby can be told to promote. */
sealed interface PromotionMethod {

    /** By pg_promote() of PostgreSQL 12 and later. */
    record PgPromote() implements PromotionMethod {}

    /**
     * By a trigger file, which is exported from an empty large object.
     *
     * @param path as the server has it, relative to its data directory
     */
    record TriggerFile(String path) implements PromotionMethod {}

    /** What a trigger file would be made from. */
    enum LargeObject {
        MISSING,
        EMPTY,
        FILLED,
        /** It is there, but the user may not read it. */
        FORBIDDEN,
        /** It was not read, since no trigger file is needed. */
        NOT_NEEDED
    }

    /** Not at all. */
    record None(String problem, String remedy) implements PromotionMethod {}

    /**
     * What a standby reports of itself.
     *
     * @param version as server_version_num
     * @param mayPromote whether the user may call pg_promote
     * @param mayExport whether the user may call lo_export
     * @param triggerFile promote_trigger_file; empty for none
     * @param object the large object with the configured OID in this database
     */
    record Means(int version, boolean mayPromote, boolean mayExport, String triggerFile, LargeObject object) {}

    /** The first version with pg_promote. */
    int FIRST_WITH_PG_PROMOTE = 120_000;

    /** The first version without trigger files. */
    int FIRST_WITHOUT_TRIGGER_FILE = 160_000;

    /** The trigger file of a server that does not report its name, which is one before 12: the traditional name. */
    String USUAL_TRIGGER_FILE = "trigger_file";

    /** Whether the choice depends on the large object that a trigger file is made from. */
    static boolean needsObject(ProxyConfig.PromoteMethod method, int version, boolean mayPromote) {
        boolean promotesByFunction = version >= FIRST_WITH_PG_PROMOTE && mayPromote;
        return version < FIRST_WITHOUT_TRIGGER_FILE
                && (method == ProxyConfig.PromoteMethod.TRIGGER_FILE
                        || (method == ProxyConfig.PromoteMethod.AUTO && !promotesByFunction));
    }

    /** Chooses by the configuration and by what the standby reports: a pure function. */
    static PromotionMethod choose(
            ProxyConfig.PromoteMethod method, Means means, ProxyConfig.AdminLogin login, int objectId) {
        return switch (method) {
            case PG_PROMOTE -> pgPromote(means, login);
            case TRIGGER_FILE -> triggerFile(means, login, objectId);
            case AUTO -> {
                PromotionMethod first = pgPromote(means, login);
                PromotionMethod second = first instanceof None ? triggerFile(means, login, objectId) : first;
                // When neither works, the function is easier to repair, where it exists.
                yield second instanceof None && means.version() >= FIRST_WITH_PG_PROMOTE ? first : second;
            }
        };
    }

    private static PromotionMethod pgPromote(Means means, ProxyConfig.AdminLogin login) {
        if (means.version() < FIRST_WITH_PG_PROMOTE) {
            return new None(
                    "it has no pg_promote(), which came with PostgreSQL 12", "Set promote_method = trigger_file.");
        }
        if (!means.mayPromote()) {
            return new None(
                    login.user() + " may not call pg_promote()",
                    "On the primary: GRANT EXECUTE ON FUNCTION pg_promote TO " + login.user() + ", in database "
                            + login.database() + ".");
        }
        return new PgPromote();
    }

    private static PromotionMethod triggerFile(Means means, ProxyConfig.AdminLogin login, int objectId) {
        if (means.version() >= FIRST_WITHOUT_TRIGGER_FILE) {
            return new None("trigger files are not supported since PostgreSQL 16", "Set promote_method = pg_promote.");
        }
        boolean isSetting = means.version() >= FIRST_WITH_PG_PROMOTE;
        if (isSetting && means.triggerFile().isEmpty()) {
            return new None(
                    "its promote_trigger_file is not set",
                    "On the standby: ALTER SYSTEM SET promote_trigger_file = '" + USUAL_TRIGGER_FILE
                            + "', and reload.");
        }
        if (means.object() == LargeObject.MISSING) {
            return new None(
                    "no such large object: " + objectId + " in database " + login.database()
                            + ", which the trigger file is made from",
                    "On the primary, in database " + login.database() + ": SELECT lo_create(" + objectId + ").");
        }
        if (means.object() == LargeObject.FILLED) {
            return new None(
                    "large object " + objectId + " in database " + login.database() + " is not empty",
                    "Name an empty one in conninfo.lo_oid: SELECT lo_create(0) makes one.");
        }
        if (!means.mayExport()) {
            return new None(
                    login.user() + " may not call lo_export()",
                    "Make conninfo.user a superuser, or on the primary: GRANT EXECUTE ON FUNCTION lo_export TO "
                            + login.user() + ", in database " + login.database() + ".");
        }
        if (means.object() == LargeObject.FORBIDDEN) {
            return new None(
                    login.user() + " may not read large object " + objectId + " in database " + login.database(),
                    "On the primary, in database " + login.database() + ": GRANT SELECT ON LARGE OBJECT " + objectId
                            + " TO " + login.user() + ".");
        }
        return new TriggerFile(isSetting ? means.triggerFile() : USUAL_TRIGGER_FILE);
    }
}
