package dev.pgproxy.taskworker.promotion;

import dev.pgproxy.common.config.ProxyConfig;

/** How a standby can be told to become the primary. */
sealed interface PromotionMethod {

    /** By the function of PostgreSQL 12 and later. */
    record PgPromote() implements PromotionMethod {}

    /**
     * By a file that the standby looks for, which is made from an empty large object.
     *
     * @param path as the server has it, relative to its data directory
     */
    record TriggerFile(String path) implements PromotionMethod {}

    /** Not at all. */
    record None(String problem, String remedy) implements PromotionMethod {}

    /**
     * What a standby says of itself.
     *
     * @param version as server_version_num
     * @param mayPromote whether the user may call pg_promote
     * @param mayExport whether the user may call lo_export
     * @param triggerFile the setting; empty for none
     * @param objectExists whether there is a large object of the configured OID in this database
     * @param objectBytes its length
     */
    record Means(
            int version,
            boolean mayPromote,
            boolean mayExport,
            String triggerFile,
            boolean objectExists,
            long objectBytes) {}

    /** The first version with pg_promote. */
    int FIRST_WITH_PG_PROMOTE = 120_000;

    /** The first version that looks for no trigger file. */
    int FIRST_WITHOUT_TRIGGER_FILE = 160_000;

    /** The trigger file where a server does not tell its name, which is before 12: as the configuration of old had it. */
    String USUAL_TRIGGER_FILE = "trigger_file";

    /** Chooses, by what is configured and what is there: a pure function. */
    static PromotionMethod choose(
            ProxyConfig.PromoteMethod method, Means means, ProxyConfig.AdminLogin login, int objectId) {
        return switch (method) {
            case PG_PROMOTE -> pgPromote(means, login);
            case TRIGGER_FILE -> triggerFile(means, login, objectId);
            case AUTO -> {
                PromotionMethod first = pgPromote(means, login);
                PromotionMethod second = first instanceof None ? triggerFile(means, login, objectId) : first;
                // When nothing works, the function is what is easier to repair where it exists.
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
        if (!means.objectExists()) {
            return new None(
                    "no such large object: " + objectId + " in database " + login.database()
                            + ", which the trigger file is made from",
                    "On the primary, in database " + login.database() + ": SELECT lo_create(" + objectId + ").");
        }
        if (means.objectBytes() > 0) {
            return new None(
                    "large object " + objectId + " in database " + login.database() + " is not empty",
                    "Name an empty one in conninfo.lo_oid: SELECT lo_create(0) makes one.");
        }
        if (!means.mayExport()) {
            return new None(
                    login.user() + " may not call lo_export()",
                    "Make conninfo.user a superuser, or on the primary: GRANT EXECUTE ON FUNCTION lo_export TO "
                            + login.user() + ".");
        }
        return new TriggerFile(isSetting ? means.triggerFile() : USUAL_TRIGGER_FILE);
    }
}
