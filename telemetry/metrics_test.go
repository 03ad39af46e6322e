package telemetry

import (
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func scrape(t *testing.T, m *Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	text, err := io.ReadAll(w.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestMetricsOfAModelComeAndGo(t *testing.T) {
	m := NewMetrics()
	model := m.Model("churn", 2, "sha256:aa")
	model.Answered(3, time.Millisecond)
	model.Live("green", true)
	if text := scrape(t, m); !strings.Contains(text, `septet_predict_rows_total{digest="sha256:aa",model="churn",version="2"} 3`) ||
		!strings.Contains(text, `septet_model_info{digest="sha256:aa",model="churn",slot="green",version="2"} 1`) {
		t.Errorf("metrics lack the model:\n%s", text)
	}
	model.Forget()
	if text := scrape(t, m); strings.Contains(text, "sha256:aa") {
		t.Errorf("metrics keep a forgotten model:\n%s", text)
	}
}
