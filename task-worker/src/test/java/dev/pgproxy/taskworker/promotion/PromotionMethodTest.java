package dev.pgproxy.taskworker.promotion;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.config.ProxyConfig.PromoteMethod;
import dev.pgproxy.taskworker.promotion.PromotionMethod.LargeObject;
import dev.pgproxy.testkit.config.TestConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PromotionMethodTest {

    private static final int OBJECT = 4_711;
    private static final ProxyConfig.AdminLogin LOGIN = TestConfig.of(
                    "master = db:5432", "conninfo.user = watcher", "conninfo.db = ops")
            .adminLogin();

    /** A standby where both ways work, as far as its version has them. */
    private static PromotionMethod.Means means(int version) {
        return new PromotionMethod.Means(version, true, true, "/run/promote", LargeObject.EMPTY);
    }

    private static PromotionMethod choose(PromoteMethod method, PromotionMethod.Means means) {
        return PromotionMethod.choose(method, means, LOGIN, OBJECT);
    }

    private static void assertNone(PromotionMethod chosen, String problem, String remedy) {
        PromotionMethod.None none = assertInstanceOf(PromotionMethod.None.class, chosen);
        assertTrue(none.problem().contains(problem), none::problem);
        assertTrue(none.remedy().contains(remedy), none::remedy);
    }

    @ParameterizedTest
    @CsvSource({"120000", "150000", "180000"})
    void theFunctionIsPreferredWhereItWorks(int version) {
        assertEquals(new PromotionMethod.PgPromote(), choose(PromoteMethod.AUTO, means(version)));
    }

    @Test
    void beforeTheFunctionThereIsAFileOfTheUsualName() {
        assertEquals(new PromotionMethod.TriggerFile("trigger_file"), choose(PromoteMethod.AUTO, means(110_000)));
    }

    @Test
    void aFileStandsInForAFunctionThatMayNotBeCalled() {
        PromotionMethod.Means means =
                new PromotionMethod.Means(150_000, false, true, "/run/promote", LargeObject.EMPTY);
        assertEquals(new PromotionMethod.TriggerFile("/run/promote"), choose(PromoteMethod.AUTO, means));
    }

    @Test
    void whenNothingWorksTheFunctionIsTheOneToRepair() {
        PromotionMethod.Means means = new PromotionMethod.Means(150_000, false, false, "", LargeObject.MISSING);
        assertNone(
                choose(PromoteMethod.AUTO, means), "watcher may not call pg_promote()", "TO watcher, in database ops");
        assertNone(
                choose(PromoteMethod.AUTO, new PromotionMethod.Means(110_000, false, false, "", LargeObject.MISSING)),
                "no such large object: 4711",
                "lo_create(4711)");
    }

    @Test
    void whatIsConfiguredIsNotReplacedByAnotherMethod() {
        assertNone(
                choose(PromoteMethod.PG_PROMOTE, means(110_000)), "no pg_promote()", "promote_method = trigger_file");
        assertNone(choose(PromoteMethod.TRIGGER_FILE, means(160_000)), "not supported", "promote_method = pg_promote");
        assertEquals(
                new PromotionMethod.TriggerFile("/run/promote"), choose(PromoteMethod.TRIGGER_FILE, means(150_000)));
    }

    /** Whatever is wrong with the object must not keep a standby from a promotion that needs no file. */
    @Test
    void theObjectIsReadOnlyForATriggerFile() {
        assertFalse(PromotionMethod.needsObject(PromoteMethod.PG_PROMOTE, 150_000, false));
        assertFalse(PromotionMethod.needsObject(PromoteMethod.AUTO, 150_000, true));
        assertFalse(PromotionMethod.needsObject(PromoteMethod.TRIGGER_FILE, 160_000, true));
        assertTrue(PromotionMethod.needsObject(PromoteMethod.AUTO, 150_000, false));
        assertTrue(PromotionMethod.needsObject(PromoteMethod.AUTO, 110_000, true));
        assertTrue(PromotionMethod.needsObject(PromoteMethod.TRIGGER_FILE, 150_000, true));
    }

    @Test
    void saysWhatATriggerFileLacks() {
        assertNone(
                choose(
                        PromoteMethod.TRIGGER_FILE,
                        new PromotionMethod.Means(150_000, true, true, "", LargeObject.EMPTY)),
                "promote_trigger_file is not set",
                "ALTER SYSTEM SET promote_trigger_file");
        assertNone(
                choose(
                        PromoteMethod.TRIGGER_FILE,
                        new PromotionMethod.Means(150_000, true, true, "f", LargeObject.FILLED)),
                "4711 in database ops is not empty",
                "conninfo.lo_oid");
        assertNone(
                choose(
                        PromoteMethod.TRIGGER_FILE,
                        new PromotionMethod.Means(150_000, true, false, "f", LargeObject.EMPTY)),
                "watcher may not call lo_export()",
                "superuser");
        assertNone(
                choose(
                        PromoteMethod.TRIGGER_FILE,
                        new PromotionMethod.Means(150_000, true, true, "f", LargeObject.FORBIDDEN)),
                "watcher may not read large object 4711",
                "GRANT SELECT ON LARGE OBJECT 4711 TO watcher");
    }
}
