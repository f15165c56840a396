package dev.pgproxy.architecture;

import static org.junit.jupiter.api.Assertions.assertThrows;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Our code keeps the rules, and code that breaks them is detected. */
class ArchitectureTest {

    private static final JavaClasses OURS = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .withImportOption(location -> !location.contains("testkit"))
            .importPackages("dev.pgproxy");

    static Stream<Named<ArchRule>> rules() {
        return Stream.of(
                        Rules.NO_CYCLES,
                        Rules.NO_CIRCLES_OF_CLASSES,
                        Rules.NATIVE_ONLY_IN_IO,
                        Rules.PURE_PACKAGES_DO_NO_IO,
                        Rules.ROUTING_HAS_NO_SOCKETS,
                        Rules.TIME_ONLY_THROUGH_THE_CLOCK,
                        Rules.NO_STATIC_MUTABLE_STATE,
                        Rules.WORKERS_DO_NOT_KNOW_EACH_OTHER,
                        Rules.NO_DRIVER_BESIDE_CLIENTS,
                        Rules.PACKAGES_ARE_NULL_MARKED)
                .map(rule -> Named.of(rule.getDescription(), rule));
    }

    @ParameterizedTest
    @MethodSource("rules")
    void ourCodeKeeps(ArchRule rule) {
        rule.check(OURS);
    }

    static Stream<Named<BadExamples.Example>> badExamples() {
        return BadExamples.all().map(example -> Named.of(example.rule().getDescription(), example));
    }

    @ParameterizedTest
    @MethodSource("badExamples")
    void aBadExampleIsNoticed(BadExamples.Example example) {
        assertThrows(AssertionError.class, () -> example.rule().check(example.classes()));
    }
}
