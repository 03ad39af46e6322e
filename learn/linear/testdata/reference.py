import numpy as np, warnings
warnings.filterwarnings('ignore')
from sklearn.linear_model import LogisticRegression, Ridge, ElasticNet
from sklearn.preprocessing import StandardScaler
def lcg(seed):
    x=seed
    while True:
        x=(1103515245*x+12345)%2147483648
        yield (x>>8)%97
g=lcg(5); n=200
X=np.array([[next(g) for _ in range(3)] for _ in range(n)],float)
X[:,1]=X[:,1]**2
g2=[next(g) for _ in range(n)]
yb=((X[:,0]-X[:,1]/97+np.array(g2)-48)>0).astype(int)
ym=np.digitize(X[:,0]+np.array(g2)/2,[50,90])
yr=2*X[:,0]-0.01*X[:,1]+np.array(g2)
w=np.array([next(g)%4 for _ in range(n)],float)
Z=StandardScaler().fit_transform(X)
ZW=StandardScaler().fit(X,sample_weight=w)
t=dict(tol=1e-12,max_iter=100000)
m=LogisticRegression(C=0.5,**t).fit(Z,yb); print('binary',repr(m.predict_proba(Z)[:4,1]))
Zw=ZW.transform(X); m=LogisticRegression(C=0.5,**t).fit(Zw,yb,sample_weight=w); print('binary w',repr(m.predict_proba(Zw)[:4,1]))
m=LogisticRegression(C=0.5,**t).fit(Z,ym); print('multi',repr(m.predict_proba(Z)[:2]))
m=LogisticRegression(penalty='elasticnet',solver='saga',C=1/40,l1_ratio=0.75,**t).fit(Z,yb); print('enet',repr(m.predict_proba(Z)[:4,1]),m.coef_)
m=Ridge(alpha=20).fit(Z,(yr-yr.mean())/yr.std()); print('ridge',repr(m.predict(Z)[:4]*yr.std()+yr.mean()))
s=yr.std(); a=30+10; m=ElasticNet(alpha=a/n,l1_ratio=30/a,tol=1e-12,max_iter=100000).fit(Z,(yr-yr.mean())/s); print('enet reg',repr(m.predict(Z)[:4]*s+yr.mean()),m.coef_)
