package dev.pgproxy.adminworker.sql;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** The types that pg_type has here, with their properties in PostgreSQL. */
enum CatalogType {
    BOOL("bool", "boolean", 16, 1, "B", 1_000),
    CHAR("char", "\"char\"", 18, 1, "Z", 1_002),
    NAME("name", "name", 19, 64, "S", 1_003),
    INT8("int8", "bigint", 20, 8, "N", 1_016),
    INT2("int2", "smallint", 21, 2, "N", 1_005),
    INT4("int4", "integer", 23, 4, "N", 1_007),
    TEXT("text", "text", 25, -1, "S", 1_009),
    OID("oid", "oid", 26, 4, "N", 1_028),
    FLOAT4("float4", "real", 700, 4, "N", 1_021),
    FLOAT8("float8", "double precision", 701, 8, "N", 1_022),
    BPCHAR("bpchar", "character", 1_042, -1, "S", 1_014),
    VARCHAR("varchar", "character varying", 1_043, -1, "S", 1_015),
    DATE("date", "date", 1_082, 4, "D", 1_182),
    TIME("time", "time without time zone", 1_083, 8, "D", 1_183),
    TIMESTAMP("timestamp", "timestamp without time zone", 1_114, 8, "D", 1_115),
    TIMESTAMPTZ("timestamptz", "timestamp with time zone", 1_184, 8, "D", 1_185),
    INTERVAL("interval", "interval", 1_186, 16, "T", 1_187),
    NUMERIC("numeric", "numeric", 1_700, -1, "N", 1_231);

    private final String typeName;
    private final String sqlName;
    private final long oid;
    private final int bytes;
    private final String category;
    private final long arrayOid;

    CatalogType(String typeName, String sqlName, long oid, int bytes, String category, long arrayOid) {
        this.typeName = typeName;
        this.sqlName = sqlName;
        this.oid = oid;
        this.bytes = bytes;
        this.category = category;
        this.arrayOid = arrayOid;
    }

    String typeName() {
        return typeName;
    }

    String sqlName() {
        return sqlName;
    }

    long oid() {
        return oid;
    }

    /** Bytes of a value; -1 where that varies. */
    int bytes() {
        return bytes;
    }

    String category() {
        return category;
    }

    long arrayOid() {
        return arrayOid;
    }

    /** As format_type() returns it; null when there is no type with this OID. */
    static @Nullable String format(long oid) {
        return Arrays.stream(values())
                .filter(type -> type.oid == oid || type.arrayOid == oid)
                .map(type -> type.oid == oid ? type.sqlName : type.sqlName + "[]")
                .findFirst()
                .orElse(null);
    }

    /** The OID of a type by either of its names; null when there is none. */
    static @Nullable Long oidOf(String name) {
        return Arrays.stream(values())
                .filter(type ->
                        type.typeName.equals(name) || type.sqlName.equals(name) || (type == INT4 && name.equals("int")))
                .map(type -> type.oid)
                .findFirst()
                .orElse(null);
    }
}
