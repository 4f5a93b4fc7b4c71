package io.millrace.console.live;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/** Reads what Prometheus answers to a query over a range. */
final class Matrix {

    private static final int MOST_TEXT = 200;

    private Matrix() {}

    /**
     * The values of each figure at each point of the grid, not a number where there is none. What was not asked for, and what is at no point, is left out.
     *
     * @throws IOException saying why there are none
     */
    static Map<String, float[]> read(ObjectMapper json, int status, String body, Question question, Grid grid) throws IOException {
        var answer = parsed(json, status, body);
        if (!answer.path("status").asText().equals("success")) {
            throw new IOException("it answers " + (answer.path("error").isTextual() ? shortened(answer.path("error").asText()) : "HTTP " + status));
        }
        var result = answer.at("/data/result");
        if (!answer.at("/data/resultType").asText().equals("matrix") || !result.isArray()) {
            throw new IOException("its answer is no matrix of values");
        }
        var figures = new LinkedHashMap<String, float[]>();
        for (var series : result) {
            var figure = question.figures().get(series.path("metric").path(question.label()).asText());
            if (figure != null) {
                fill(figures.computeIfAbsent(figure, name -> nothing(grid)), series.path("values"), grid);
            }
        }
        return figures;
    }

    private static JsonNode parsed(ObjectMapper json, int status, String body) throws IOException {
        try {
            return json.readTree(body);
        } catch (JsonProcessingException e) {
            throw new IOException("it answers HTTP " + status + " and no JSON", e);
        }
    }

    private static float[] nothing(Grid grid) {
        var values = new float[grid.points()];
        Arrays.fill(values, Float.NaN);
        return values;
    }

    private static void fill(float[] values, JsonNode points, Grid grid) {
        for (var point : points) {
            int at = grid.index(point.path(0).asDouble(Double.NaN));
            if (at >= 0) {
                values[at] = number(point.path(1).asText());
            }
        }
    }

    /** What is endless can be drawn no better than what is unknown. */
    private static float number(String text) {
        try {
            float value = Float.parseFloat(text);
            return Float.isInfinite(value) ? Float.NaN : value;
        } catch (NumberFormatException _) {
            return Float.NaN;
        }
    }

    private static String shortened(String text) {
        return text.length() <= MOST_TEXT ? text : text.substring(0, MOST_TEXT) + "…";
    }
}
