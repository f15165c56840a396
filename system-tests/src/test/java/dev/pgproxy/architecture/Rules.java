package dev.pgproxy.architecture;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaField;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import java.util.Set;

/** The rules that ArchUnit checks; see ARCHITECTURE.md for the reasons. */
final class Rules {

    private static final String[] IO = {
        "java.io.File..",
        "java.net..",
        "java.nio.channels..",
        "java.nio.file..",
        "dev.pgproxy.common.io..",
        "java.lang.Process.."
    };

    /** Types that are immutable, or made to be shared. */
    private static final Set<String> IMMUTABLE = Set.of(
            "java.lang.String",
            "java.util.List",
            "java.util.Map",
            "java.util.Set",
            "java.util.regex.Pattern",
            "com.google.re2j.Pattern",
            "java.time.Duration",
            "java.time.OffsetDateTime",
            "java.time.format.DateTimeFormatter",
            "java.lang.invoke.MethodType",
            "java.nio.file.Path",
            "[B",
            "[Ljava.lang.String;",
            "java.util.concurrent.atomic.AtomicInteger");

    static final ArchRule NO_CYCLES =
            slices().matching("dev.pgproxy.(**)").should().beFreeOfCycles();

    /**
     * Packages whose classes form circles by nature: sealed messages know their conversation, which knows them, and a codec of records is
     * composed of codecs.
     */
    private static final Set<String> WITH_CIRCLES = Set.of("dev.pgproxy.common.ipc", "dev.pgproxy.common.channel");

    static final ArchRule NO_CIRCLES_OF_CLASSES =
            slices().assignedFrom(new TopLevelClasses()).should().beFreeOfCycles();

    /** A class with all classes nested in it. */
    private static final class TopLevelClasses implements SliceAssignment {
        @Override
        public SliceIdentifier getIdentifierOf(JavaClass type) {
            if (WITH_CIRCLES.contains(type.getPackageName())) {
                return SliceIdentifier.ignore();
            }
            JavaClass outermost = type;
            while (outermost.getEnclosingClass().isPresent()) {
                outermost = outermost.getEnclosingClass().get();
            }
            return SliceIdentifier.of(outermost.getName());
        }

        @Override
        public String getDescription() {
            return "classes outside " + WITH_CIRCLES;
        }
    }

    static final ArchRule NATIVE_ONLY_IN_IO = noClasses()
            .that()
            .resideOutsideOfPackage("dev.pgproxy.common.io..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("com.sun.jna..", "org.newsclub.net.unix..", "com.kohlschutter..");

    static final ArchRule PURE_PACKAGES_DO_NO_IO = noClasses()
            .that()
            .resideInAnyPackage(
                    "dev.pgproxy.common.auth..",
                    "dev.pgproxy.common.protocol..",
                    "dev.pgproxy.common.loop..",
                    "dev.pgproxy.poolworker.relay..")
            .or()
            .haveSimpleNameEndingWith("Lifecycle")
            .or()
            .haveSimpleName("Router")
            .or()
            .haveSimpleName("Ledger")
            .or()
            .haveSimpleName("Admission")
            .or()
            .haveSimpleName("PlaceLimits")
            .or()
            .haveSimpleName("ReusePolicy")
            .or()
            .haveSimpleName("FailoverPolicy")
            .or()
            .haveSimpleName("Situation")
            .or()
            .haveSimpleName("Succession")
            .or()
            .haveSimpleName("Switchover")
            .or()
            .haveSimpleName("PrimaryHealth")
            .or()
            .haveSimpleName("DecisionLog")
            .or()
            .haveSimpleName("StandbyRotation")
            .or()
            .haveSimpleName("PromotionCheck")
            .or()
            .haveSimpleName("StartDecision")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(IO);

    /** A simulation runs it. Addresses are values there. */
    static final ArchRule ROUTING_HAS_NO_SOCKETS = noClasses()
            .that()
            .resideInAPackage("dev.pgproxy.master.routing..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("dev.pgproxy.common.io..", "java.nio.channels..", "java.nio.file..");

    static final ArchRule TIME_ONLY_THROUGH_THE_CLOCK = noClasses()
            .that()
            .resideInAnyPackage(
                    "dev.pgproxy.common.auth..",
                    "dev.pgproxy.common.loop..",
                    "dev.pgproxy.common.protocol..",
                    "dev.pgproxy.master..",
                    "dev.pgproxy.poolworker..")
            .and()
            .haveSimpleNameNotEndingWith("Main")
            .should()
            .callMethod(System.class, "nanoTime")
            .orShould()
            .callMethod(System.class, "currentTimeMillis")
            .orShould()
            .callMethod(Thread.class, "sleep", long.class);

    static final ArchRule NO_STATIC_MUTABLE_STATE = fields().that().areStatic().should(beUnchangeable());

    static final ArchRule WORKERS_DO_NOT_KNOW_EACH_OTHER = noClasses()
            .that()
            .resideInAPackage("dev.pgproxy.poolworker..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("dev.pgproxy.master..", "dev.pgproxy.taskworker..");

    /** A driver buffers what a server sends; a process that serves clients must not depend on how much that is. */
    static final ArchRule NO_DRIVER_BESIDE_CLIENTS = noClasses()
            .that()
            .resideInAnyPackage("dev.pgproxy.master..", "dev.pgproxy.poolworker..", "dev.pgproxy.common..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("java.sql..", "org.postgresql..");

    static final ArchRule PACKAGES_ARE_NULL_MARKED = classes()
            .that()
            .haveSimpleName("package-info")
            .should()
            .beAnnotatedWith("org.jspecify.annotations.NullMarked");

    private Rules() {}

    private static ArchCondition<JavaField> beUnchangeable() {
        return new ArchCondition<>("be final, and of a type that cannot change") {
            @Override
            public void check(JavaField field, ConditionEvents events) {
                JavaClass type = field.getRawType();
                boolean harmless = type.isPrimitive()
                        || type.isEnum()
                        || type.getPackageName().startsWith("dev.pgproxy")
                        || type.isArray()
                        || IMMUTABLE.contains(type.getName());
                boolean isFinal = field.getModifiers().contains(com.tngtech.archunit.core.domain.JavaModifier.FINAL);
                boolean generated = field.getName().contains("$");
                if (!generated && !(isFinal && harmless)) {
                    events.add(SimpleConditionEvent.violated(field, field.getFullName() + " is static and can change"));
                }
            }
        };
    }
}
