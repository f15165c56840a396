package dev.pgproxy.poolworker.traffic;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DatabaseCommandTest {

    private static String databaseOf(String sql) {
        byte[] bytes = (sql + "\0").getBytes(StandardCharsets.UTF_8);
        return DatabaseCommand.databaseOf(ByteBuffer.wrap(bytes), 0, bytes.length);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '^',
            value = {
                "drop database shop | shop",
                "DROP DATABASE IF EXISTS Shop WITH (FORCE); | shop",
                "^Drop/* one */Database -- two\nShop^ | shop",
                "/* a /* b */ c */ drop database \"My \"\"Shop\"\"\"; | My \"Shop\"",
                "  \t drop database if exists \"if\" | if",
                "drop database \"select\"; select 1 | select",
                "alter database shop rename to store | shop",
                "ALTER DATABASE shop SET TABLESPACE fast | shop",
                "create database store | template1",
                "create database store template shop owner me | shop",
                "create database store with owner = me template = \"Shop\" | Shop",
                "create database store template 'shop' | shop",
                "create database store template default | template1",
                "create database store owner me encoding 'UTF8' | template1",
            })
    void theDatabaseIsRead(String sql, String database) {
        assertEquals(database, databaseOf(sql));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "drop",
                "drop database",
                "drop database if exists",
                "drop table database",
                "alter database shop set work_mem = 1",
                "alter database shop owner to me",
                "create table t (i int)",
                "select 'drop database shop'",
                "dropdatabase shop",
                "delete from t",
                "/* drop database shop",
            })
    void otherStatementsNeedNone(String sql) {
        assertEquals("", databaseOf(sql));
    }
}
