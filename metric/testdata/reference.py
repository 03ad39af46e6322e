import numpy as np
from sklearn import metrics as m
# the same generator as in the test: integers, so that no random number library matters
n=40
def lcg(seed):
    x=seed
    while True:
        x=(1103515245*x+12345)%2147483648
        yield (x>>8)%97
g=lcg(7)
y=np.array([1 if next(g)%3==0 else 0 for _ in range(n)])
p=np.array([(next(g)%20+1+ (4 if y[i] else 0))/25 for i in range(n)])
w=np.array([next(g)%4 for _ in range(n)],float)
def show(w):
    d=(p>=0.5).astype(int); k=dict(sample_weight=w)
    r=dict(auc=m.roc_auc_score(y,p,**k),average_precision=m.average_precision_score(y,p,**k),log_loss=m.log_loss(y,np.clip(p,1e-15,1-1e-15),**k),
     brier=m.brier_score_loss(y,p,**k),accuracy=m.accuracy_score(y,d,**k),balanced_accuracy=m.balanced_accuracy_score(y,d,**k),
     precision=m.precision_score(y,d,**k),recall=m.recall_score(y,d,**k),f1=m.f1_score(y,d,**k))
    print({a:float('%.15g'%b) for a,b in r.items()})
show(None); show(w)
g=lcg(11)
y=np.array([next(g)%4 for _ in range(n)]); 
a=np.array([[next(g)%9+1+(5 if y[i]==k else 0) for k in range(4)] for i in range(n)],float); q=a/a.sum(1,keepdims=True)
d=q.argmax(1)
print(dict(auc=m.roc_auc_score(y,q,multi_class='ovo',average='macro'),log_loss=m.log_loss(y,q),accuracy=m.accuracy_score(y,d),balanced_accuracy=m.balanced_accuracy_score(y,d),
 brier=m.brier_score_loss(y,q,scale_by_half=False),precision=m.precision_score(y,d,average='macro',zero_division=0),recall=m.recall_score(y,d,average='macro'),f1=m.f1_score(y,d,average='macro')))
g=lcg(3)
t=np.array([next(g)-40 for _ in range(n)],float); z=t+np.array([next(g)%21-10 for _ in range(n)])+0.25
w=np.array([next(g)%4 for _ in range(n)],float)
for w in (None,w):
    nz=t!=0
    print((t==0).sum(),dict(rmse=m.root_mean_squared_error(t,z,sample_weight=w),mae=m.mean_absolute_error(t,z,sample_weight=w),r2=m.r2_score(t,z,sample_weight=w),mape=m.mean_absolute_percentage_error(t[nz],z[nz],sample_weight=None if w is None else w[nz])))
