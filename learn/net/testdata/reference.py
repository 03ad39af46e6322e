# Losses on fresh rows of scikit-learn's nets on the table of reference_test.go.
import numpy as np, sklearn, warnings
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import StandardScaler
from sklearn.metrics import log_loss
warnings.filterwarnings('ignore')
def lcg(x):
    while True:
        x = (1103515245*x + 12345) % 2147483648
        yield (x >> 8) % 1000
g = lcg(11); n = 3000
X = np.array([[next(g)/250 - 2 for _ in range(5)] for _ in range(n)])
e = np.array([[next(g)/1000 for _ in range(2)] for _ in range(n)])
z = X[:,0]*X[:,1] + 2*np.maximum(X[:,2], 0) - X[:,3]**2/2 + np.where(X[:,0] > 1, X[:,4], 0)
value = z + e[:,0] - 0.5
binary = (1/(1 + np.exp(-z)) > e[:,1]).astype(int)
multi = binary + 2*(X[:,0] > X[:,2]*X[:,3])*(e[:,0] > 0.2)
a, b = slice(0, 2000), slice(2000, None)
S = StandardScaler().fit(X[a]); Z = S.transform(X)
print(sklearn.__version__)
s = value[a].std(); m = value[a].mean()
r = [np.sqrt(np.mean((sum(MLPRegressor(hidden_layer_sizes=(64, 64), random_state=i, max_iter=500, early_stopping=es).fit(Z[a], (value[a]-m)/s).predict(Z[b]) for i in (1, 2))/2*s + m - value[b])**2)) for es in (False, True)]
print('value', r)
for name, y in ('binary', binary), ('multi', multi):
    print(name, [log_loss(y[b], sum(MLPClassifier(hidden_layer_sizes=(64, 64), random_state=i, max_iter=500, early_stopping=es).fit(Z[a], y[a]).predict_proba(Z[b]) for i in (1, 2))/2) for es in (False, True)])
