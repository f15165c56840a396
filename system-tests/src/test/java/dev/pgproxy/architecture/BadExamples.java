package dev.pgproxy.architecture;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.ArchRule;
import dev.pgproxy.master.routing.bad.KnowsSockets;
import dev.pgproxy.poolworker.bad.AsksByDriver;
import dev.pgproxy.poolworker.bad.BadLifecycle;
import dev.pgproxy.poolworker.bad.CalledBack;
import dev.pgproxy.poolworker.bad.CallsBack;
import dev.pgproxy.poolworker.bad.CallsMaster;
import dev.pgproxy.poolworker.bad.CountsInStatics;
import dev.pgproxy.poolworker.bad.ReadsTheTime;
import dev.pgproxy.poolworker.bad.TouchesMemory;
import java.util.stream.Stream;

/** For each rule, code that breaks it. */
final class BadExamples {

    /** Classes that this rule must refuse. */
    record Example(ArchRule rule, JavaClasses classes) {}

    private BadExamples() {}

    static Stream<Example> all() {
        ClassFileImporter importer = new ClassFileImporter();
        String bad = BadLifecycle.class.getPackageName();
        return Stream.of(
                new Example(Rules.NO_CYCLES, importer.importPackages(bad + ".a", bad + ".b")),
                new Example(Rules.NO_CIRCLES_OF_CLASSES, importer.importClasses(CallsBack.class, CalledBack.class)),
                new Example(Rules.NATIVE_ONLY_IN_IO, importer.importClasses(TouchesMemory.class)),
                new Example(Rules.PURE_PACKAGES_DO_NO_IO, importer.importClasses(BadLifecycle.class)),
                new Example(Rules.ROUTING_HAS_NO_SOCKETS, importer.importClasses(KnowsSockets.class)),
                new Example(Rules.TIME_ONLY_THROUGH_THE_CLOCK, importer.importClasses(ReadsTheTime.class)),
                new Example(Rules.NO_STATIC_MUTABLE_STATE, importer.importClasses(CountsInStatics.class)),
                new Example(Rules.WORKERS_DO_NOT_KNOW_EACH_OTHER, importer.importClasses(CallsMaster.class)),
                new Example(Rules.NO_DRIVER_BESIDE_CLIENTS, importer.importClasses(AsksByDriver.class)),
                new Example(Rules.PACKAGES_ARE_NULL_MARKED, importer.importPackages(bad + ".unmarked")));
    }
}
