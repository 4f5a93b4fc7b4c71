package io.millrace.capture.row;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.millrace.pipeline.file.ColumnForm;
import io.millrace.pipeline.file.Expression;
import io.millrace.pipeline.file.Expression.Column;
import io.millrace.pipeline.file.RowForm;
import io.millrace.pipeline.file.Where;
import io.millrace.pipeline.file.Where.Comparison;
import io.millrace.pipeline.file.Where.Condition;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class FormTest {

    private static final Expression EMAIL = new Expression.Coalesce(List.of(new Expression.Text(Expression.Text.Function.LOWER, new Column("email")),
            new Expression.Mask(new Expression.JsonPath(new Column("data"), List.of("a", "0")), 4), new Expression.Constant(Expression.Constant.Kind.NUMBER, "1.50")));
    private static final Expression PLACE = new Expression.Concat(List.of(new Expression.Cast(new Expression.Element(new Column("tags"), 2), Expression.Cast.Type.TEXT), new Expression.GeoPoint(new Column("lat"), new Column("lon"))));

    private static String mark(Expression email) {
        var rows = new Where(List.of(List.of(new Condition("state", Comparison.IN, List.of("open", "new")), new Condition("gone", Comparison.IS_NULL, List.of())), List.of(new Condition("id", Comparison.AT_LEAST, List.of("7")))));
        return Form.of(new RowForm(new TreeMap<>(Map.of("email", new ColumnForm.Made(email), "place", new ColumnForm.Made(PLACE), "secret", new ColumnForm.LeftOut())), rows)).mark();
    }

    @Test
    void aMarkThatKafkaRemembersIsTheSameInEveryVersion() {
        assertEquals("a3c7a85a8df8356f", mark(EMAIL), "another one makes every row of such a table old");
    }

    @Test
    void anotherFormHasAnotherMark() {
        assertNotEquals(mark(EMAIL), mark(new Column("email")));
    }

    @Test
    void theTextIsThatOfWhichEarlierVersionsMadeTheirMarks() {
        assertEquals("Made[value=" + EMAIL + "]", FormText.of(new ColumnForm.Made(EMAIL), null));
        assertEquals("Made[value=" + PLACE + "]", FormText.of(new ColumnForm.Made(PLACE), null));
        var concat = new Expression.Concat(List.of(new Column("a")), ", ");
        assertNotEquals(FormText.of(new ColumnForm.Made(new Expression.Concat(concat.parts())), null), FormText.of(new ColumnForm.Made(concat), null));
    }
}
